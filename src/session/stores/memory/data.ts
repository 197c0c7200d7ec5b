import {
  type Credential,
  type EndedSession,
  type EndReason,
  endAfter,
  endedSession,
  isGuestRecord,
  isLive,
  MESSAGE_MILLISECONDS,
  removedSession,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  TOMBSTONE_MILLISECONDS,
  wasUsed,
} from '../../record.ts'
import type { Expected, FoundOTP, Limits, SeenFrom } from '../../store.ts'
import { evictedBy } from '../shared/eviction.ts'

export interface Entry {
  record: SessionRecord
  writeId: string | undefined
  readonly credentials: Map<string, Credential>
}

export interface Tombstone {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly successor: SessionId | null
  readonly keepUntil: number
  message: string | undefined
}

export interface AppData {
  readonly sessions: Map<SessionId, Entry>
  readonly otps: Map<string, SessionId>
  readonly tombstones: Map<string, Tombstone>
  readonly processes: Map<string, number>
}

export function holds(entry: Entry, { version, by }: Expected, now: number): boolean {
  return (
    isLive(entry.record, now) &&
    (version === undefined || version === entry.record.version) &&
    (by === undefined || entry.credentials.has(by))
  )
}

/** Whether any credential of it was ever presented. */
export function wasSeen({ record, credentials }: Entry): boolean {
  return wasUsed(record) || [...credentials.values()].some(({ lastSeenAt }) => lastSeenAt !== null)
}

/** A record after it was used. Nothing moves backwards. */
export function accessedAt(record: SessionRecord, now: number): SessionRecord {
  const lastAccessTime = Math.max(record.lastAccessTime ?? 0, now)
  const end = Math.max(record.end, endAfter(now, record.idleMilliseconds, record.absoluteEnd))
  return { ...record, lastAccessTime, end }
}

/** A credential after it was presented. */
export function seenAt(credential: Credential, { device, address }: SeenFrom, now: number): Credential {
  const lastSeenAt = Math.max(credential.lastSeenAt ?? 0, now)
  return { ...credential, lastSeenAt, device: device ?? credential.device, address: address ?? credential.address }
}

export function insert(data: AppData, session: SessionRecord, credential: Credential): void {
  data.sessions.set(session.id, {
    record: session,
    writeId: undefined,
    credentials: new Map([[credential.hash, credential]]),
  })
  if (credential.kind === 'otp') data.otps.set(credential.hash, session.id)
}

export function isFull(data: AppData, session: SessionRecord, limits: Limits): boolean {
  if (limits.sessions !== undefined && data.sessions.size >= limits.sessions) return true
  if (limits.guests === undefined || !isGuestRecord(session)) return false
  return (
    [...data.sessions.values()].filter(({ record }) => record.startTime !== null && isGuestRecord(record)).length >=
    limits.guests
  )
}

/** The user's sessions beyond the limit, oldest first; never the one that just came. */
export function endOldest(
  data: AppData,
  session: SessionRecord,
  { sessionsPerUser }: Limits,
  now: number,
): EndedSession[] {
  if (sessionsPerUser === undefined || session.userId === null) return []
  const others = [...data.sessions.values()]
    .filter(({ record }) => record.userId === session.userId && record.id !== session.id && isLive(record, now))
    .filter(({ credentials }) => ![...credentials.values()].some(({ via }) => via === 'token'))
    .sort((a, b) => (a.record.startTime ?? 0) - (b.record.startTime ?? 0))
  return others
    .slice(0, Math.max(0, others.length + 1 - sessionsPerUser))
    .map((entry) => end(data, entry, 'limit', now))
}

export function addCredential(
  data: AppData,
  entry: Entry,
  credential: Credential,
  by: string | undefined,
  limits: Limits,
  now: number,
): void {
  for (const rival of evictedBy(credential, [...entry.credentials.values()], by, limits))
    bury(data, entry, rival, { reason: 'limit', now })
  entry.credentials.set(credential.hash, credential)
  if (credential.kind === 'otp') data.otps.set(credential.hash, entry.record.id)
}

interface Burial {
  reason: EndReason
  now: number
  message?: string | undefined
  successor?: SessionId
}

/** Ends one credential; a device's hash is remembered for a while. */
export function bury(
  data: AppData,
  entry: Entry,
  credential: Credential,
  { reason, now, message, successor }: Burial,
): void {
  entry.credentials.delete(credential.hash)
  data.otps.delete(credential.hash)
  if (credential.kind === 'otp') return
  const kept = message === '' ? undefined : message
  data.tombstones.set(credential.hash, {
    id: entry.record.id,
    reason,
    endedAt: now,
    successor: successor ?? null,
    keepUntil: now + (kept === undefined ? TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS),
    message: kept,
  })
}

/** Puts a credential in the place of another, and ends all others if so wanted. */
export function rotate(
  data: AppData,
  entry: Entry,
  by: string,
  credential: Credential,
  others: 'end' | 'keep',
  now: number,
): void {
  for (const other of [...entry.credentials.values()]) {
    if (other.hash === by) bury(data, entry, other, { reason: 'secured', now })
    else if (others === 'end') bury(data, entry, other, { reason: 'revoked', now })
  }
  entry.credentials.set(credential.hash, credential)
}

export function end(data: AppData, entry: Entry, reason: EndReason, now: number, message?: string): EndedSession {
  for (const credential of [...entry.credentials.values()]) bury(data, entry, credential, { reason, now, message })
  data.sessions.delete(entry.record.id)
  return endedSession(entry.record, reason)
}

/** Removes a record in whatever state; the message is for each device that it ever had. */
export function remove(data: AppData, entry: Entry, now: number, message: string | undefined): EndedSession {
  const removed = removedSession(entry.record, now)
  end(data, entry, 'revoked', now, message)
  if (message) leaveMessage(data, entry.record.id, message, now)
  return removed
}

export function invalidate(data: AppData, entry: Entry, successor: SessionId, now: number): void {
  for (const credential of [...entry.credentials.values()])
    bury(data, entry, credential, { reason: 'secured', now, successor })
  entry.record = {
    ...entry.record,
    startTime: null,
    lastAccessTime: null,
    storage: '{}',
    version: entry.record.version + 1,
  }
}

export function liveOTP(data: AppData, hash: string, now: number): FoundOTP | undefined {
  const entry = data.sessions.get(data.otps.get(hash) ?? '')
  const credential = entry?.credentials.get(hash)
  return entry && credential && now < credential.expiresAt && isLive(entry.record, now)
    ? { session: entry.record, credential }
    : undefined
}

/** Removes the tombstones, messages and OTPs whose time is over. */
export function sweepRemains(data: AppData, now: number): void {
  for (const [hash, grave] of data.tombstones) if (grave.keepUntil <= now) data.tombstones.delete(hash)
  for (const hash of [...data.otps.keys()])
    if (!liveOTP(data, hash, now - SWEEP_MARGIN_MILLISECONDS)) dropOTP(data, hash)
}

export function dropOTP(data: AppData, hash: string): void {
  data.sessions.get(data.otps.get(hash) ?? '')?.credentials.delete(hash)
  data.otps.delete(hash)
}

/** Leaves a message for every device of a session that has ended already. */
function leaveMessage(data: AppData, id: SessionId, message: string, now: number): void {
  for (const [hash, grave] of data.tombstones) {
    if (grave.id === id) data.tombstones.set(hash, { ...grave, message, keepUntil: now + MESSAGE_MILLISECONDS })
  }
}
