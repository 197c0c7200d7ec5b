import {
  type Credential,
  type EndedSession,
  type EndReason,
  endAfter,
  endedSession,
  isGuestRecord,
  isLive,
  MESSAGE_MILLISECONDS,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  sweptSession,
  TOMBSTONE_MILLISECONDS,
  wasUsed,
} from '../../record.ts'
import type { FoundOTP, Limits, SeenFrom } from '../../store.ts'
import type { EmbeddedRows, SessionRow } from './embedded-rows.ts'
import { evictedBy } from './eviction.ts'

/** Returns a live session. If `version` or `by` is given, the session must have this version or this credential. */
export function liveRow<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  id: SessionId,
  { version, by }: { version?: number | undefined; by?: string | undefined },
  now: number,
): Row | undefined {
  const row = rows.session(id)
  if (!row || !isLive(row.record, now)) return undefined
  if (version !== undefined && version !== row.record.version) return undefined
  return by === undefined || rows.credential(row, by) ? row : undefined
}

export function isFull(rows: EmbeddedRows, session: SessionRecord, { sessions, guests }: Limits): boolean {
  if (sessions !== undefined && rows.countUpTo(sessions) >= sessions) return true
  return guests !== undefined && isGuestRecord(session) && rows.countGuestsUpTo(guests) >= guests
}

/** Ends the user's oldest sessions beyond `sessionsPerUser`, but never the session `id`, which is being added. */
export function endOldest<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  { id, userId }: { id: SessionId; userId: string | null },
  { sessionsPerUser }: Limits,
  now: number,
): EndedSession[] {
  if (sessionsPerUser === undefined || userId === null) return []
  const others = rows.liveOfUser(userId, now).filter(({ record }) => record.id !== id)
  return others
    .slice(0, Math.max(0, others.length + 1 - sessionsPerUser))
    .map((row) => endSession(rows, row, { reason: 'limit', now }))
}

interface Ending {
  reason: EndReason
  now: number
  message?: string | undefined
  successor?: SessionId
}

/** Deletes a credential. An OTP leaves no tombstone, because `findOTP` does not return why an OTP ended. */
export function endCredential<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  { hash, kind }: Credential,
  { reason, now, message = '', successor }: Ending,
): void {
  rows.deleteCredential(row, hash)
  if (kind === 'otp') return
  rows.addTombstone(hash, {
    id: row.record.id,
    reason,
    endedAt: now,
    successor: successor ?? null,
    keepUntil: now + (message === '' ? TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS),
    message: message === '' ? null : message,
  })
}

export function endSession<Row extends SessionRow>(rows: EmbeddedRows<Row>, row: Row, ending: Ending): EndedSession {
  for (const credential of rows.credentials(row)) endCredential(rows, row, credential, ending)
  rows.delete(row)
  return endedSession(row.record, ending.reason)
}

/** With `keepRecord`, the record is invalidated instead of deleted. */
export function replaceSession<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  successor: SessionId,
  { keepRecord, now }: { keepRecord: boolean; now: number },
): void {
  for (const credential of rows.credentials(row))
    endCredential(rows, row, credential, { reason: 'secured', now, successor })
  if (keepRecord) rows.invalidate(row)
  else rows.delete(row)
}

export function rotateCredential<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  { by, credential, others, now }: { by: string; credential: Credential; others: 'end' | 'keep'; now: number },
): void {
  for (const other of rows.credentials(row)) {
    if (other.hash === by) endCredential(rows, row, other, { reason: 'secured', now })
    else if (others === 'end') endCredential(rows, row, other, { reason: 'revoked', now })
  }
  rows.addCredential(row, credential)
}

export function addCredential<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  credential: Credential,
  { by, limits, now }: { by?: string | undefined; limits: Limits; now: number },
): void {
  if (credential.purpose !== null || limits.credentials !== undefined || limits.otps !== undefined) {
    for (const evicted of evictedBy(credential, rows.credentials(row), by, limits))
      endCredential(rows, row, evicted, { reason: 'limit', now })
  }
  rows.addCredential(row, credential)
}

/** Records activity. Stored times never decrease, even if `now` is earlier than in a previous call. */
export function access<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  { hash, lastSeenAt }: Credential,
  from: SeenFrom,
  now: number,
): void {
  const { lastAccessTime, idleMilliseconds, absoluteEnd, end } = row.record
  rows.access(row, Math.max(lastAccessTime ?? 0, now), Math.max(end, endAfter(now, idleMilliseconds, absoluteEnd)))
  rows.seeCredential(row, hash, Math.max(lastSeenAt ?? 0, now), from)
}

export function wasSeen<Row extends SessionRow>(rows: EmbeddedRows<Row>, row: Row): boolean {
  return wasUsed(row.record) || rows.credentials(row).some(({ lastSeenAt }) => lastSeenAt !== null)
}

/** Removes what expired before `now`, but at most `limit` records. */
export function sweepApp<Row extends SessionRow>(rows: EmbeddedRows<Row>, limit: number, now: number): EndedSession[] {
  const latestEnd = now - SWEEP_MARGIN_MILLISECONDS
  rows.deleteTombstones(now)
  rows.deleteOTPs(latestEnd)
  return rows.endedUntil(latestEnd, limit).map((row) => {
    rows.delete(row)
    return sweptSession(row.record)
  })
}

export function liveOTP(rows: EmbeddedRows, hash: string, now: number): FoundOTP | undefined {
  const found = rows.findOTP(hash)
  return found && now < found.credential.expiresAt && isLive(found.session, now) ? found : undefined
}
