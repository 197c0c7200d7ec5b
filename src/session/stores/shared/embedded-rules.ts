import {
  type Credential,
  type EndedSession,
  endAfter,
  endedSession,
  isDamaged,
  isExpired,
  isGuestRecord,
  isLive,
  isUnusedLogin,
  MESSAGE_MILLISECONDS,
  MOST_UNUSED_LOGINS,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  sweptSession,
  TOMBSTONE_MILLISECONDS,
  wasSeen,
  wasUsed,
} from '../../record.ts'
import type { FoundOTP, Limits, SeenFrom } from '../../store.ts'
import type { EmbeddedRows, Ending, SessionRow, Tombstone } from './embedded-rows.ts'
import { evictedBy } from './eviction.ts'

/**
 * Returns the session if it is live. If `version` is given, the session must have this version. If `by` is given, the
 * session must have a credential with this hash that has not expired.
 */
export function liveRow<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  id: SessionId,
  { version, by }: { version?: number | undefined; by?: string | undefined },
  now: number,
): Row | undefined {
  const row = rows.session(id)
  if (!row || !isLive(row.record, now)) return undefined
  if (version !== undefined && version !== row.record.version) return undefined
  if (by === undefined) return row
  const credential = rows.credential(row, by)
  return credential && !isExpired(credential, now) ? row : undefined
}

/** Returns the session if its record is damaged. No request can use such a session, but an administrator can end it. */
export function damagedRow<Row extends SessionRow>(rows: EmbeddedRows<Row>, id: SessionId): Row | undefined {
  const row = rows.session(id)
  return row && isDamaged(row.record) ? row : undefined
}

export function isFull(rows: EmbeddedRows, session: SessionRecord, { sessions, guests }: Limits): boolean {
  if (sessions !== undefined && rows.countUpTo(sessions) >= sessions) {
    const repeated = rows.countRepeatedLogins()
    if (repeated === 0 || rows.countUpTo(sessions + repeated) >= sessions + repeated) return true
  }
  return guests !== undefined && isGuestRecord(session) && rows.countGuestsUpTo(guests) >= guests
}

/** Returns the origin of an unused login (see `touch` in store.ts), or undefined for any other session. */
export function originOf<Row extends SessionRow>(rows: EmbeddedRows<Row>, row: Row): string | undefined {
  if (rowWasSeen(rows, row)) return undefined
  const origins = rows.credentials(row).filter(isUnusedLogin)
  return origins.map(({ details }) => details as string).sort()[0]
}

/** Ends the sessions that exceed a limit after this new session was added. */
export function endBeyond<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  session: SessionRecord,
  credential: Credential,
  limits: Limits,
  now: number,
): EndedSession[] {
  return [...endOldest(rows, session, limits, now), ...endRepeated(rows, session, credential, now)]
}

/** Ends the oldest unused logins if an origin has more than `MOST_UNUSED_LOGINS`. Never ends the new session `id`. */
function endRepeated<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  { id }: SessionRecord,
  credential: Credential,
  now: number,
): EndedSession[] {
  if (!isUnusedLogin(credential)) return []
  const others = liveUnused(rows, credential, now).filter(({ record }) => record.id !== id)
  return others
    .slice(0, Math.max(0, others.length + 1 - MOST_UNUSED_LOGINS))
    .map((row) => endSession(rows, row, { reason: 'limit', now }))
}

/**
 * `credential` is the state of the credential before the current request. If this request is the first use of a login,
 * ends the other unused logins of the same origin.
 */
export function endUnused<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  credential: Credential,
  now: number,
): EndedSession[] {
  if (!isUnusedLogin(credential)) return []
  return liveUnused(rows, credential, now).map((row) =>
    endSession(rows, row, { reason: 'secured', now, keepsOrigin: true }),
  )
}

function liveUnused<Row extends SessionRow>(rows: EmbeddedRows<Row>, { details }: Credential, now: number): Row[] {
  return rows.withUnusedLogin(details ?? '').filter(({ record }) => isLive(record, now))
}

/** Returns whether the origin already has an unused login. All unused logins of one origin count as one session. */
export function isRepeated(rows: EmbeddedRows, credential: Credential): boolean {
  return isUnusedLogin(credential) && rows.withUnusedLogin(credential.details ?? '').length > 0
}

/** Ends the user's oldest sessions beyond `sessionsPerUser`. Never ends `id`, the user's newest session. */
export function endOldest<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  { id, userId }: { id: SessionId; userId: string | null },
  { sessionsPerUser }: Limits,
  now: number,
): EndedSession[] {
  if (sessionsPerUser === undefined || userId === null) return []
  const all = rows.liveOfUser(userId, now)
  if (all.length <= sessionsPerUser - 1) return []
  const added = rows.session(id)
  const own = added && originOf(rows, added)
  // Unused logins of one origin count as one session.
  const others = new Map<string, Row[]>()
  for (const row of all) {
    const origin = originOf(rows, row)
    if (row.record.id === id || (origin !== undefined && origin === own)) continue
    const key = origin === undefined ? `session ${row.record.id}` : `origin ${origin}`
    others.set(key, [...(others.get(key) ?? []), row])
  }
  return [...others.values()]
    .slice(0, Math.max(0, others.size + 1 - sessionsPerUser))
    .flat()
    .map((row) => endSession(rows, row, { reason: 'limit', now }))
}

interface CredentialEnding extends Ending {
  /** Whether the tombstone of a cookie keeps the origin of the login. */
  keepsOrigin?: boolean
}

/**
 * Deletes a credential and adds a tombstone. An OTP gets no tombstone, because `findOTP` does not return why an OTP
 * ended.
 */
export function endCredential<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  { hash, kind, details }: Credential,
  { keepsOrigin = false, ...ending }: CredentialEnding,
): void {
  rows.deleteCredential(row, hash)
  if (kind === 'otp') return
  const origin = keepsOrigin && kind === 'cookie' ? details : null
  rows.addTombstone(hash, { id: row.record.id, origin, ...tombstoneAfter(ending) })
}

/** Returns what the tombstones of all credentials of a session have in common. */
export function tombstoneAfter({ reason, now, message = '' }: Ending): Omit<Tombstone, 'id' | 'origin'> {
  return {
    reason,
    endedAt: now,
    keepUntil: now + (message === '' ? TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS),
    message: message === '' ? null : message,
  }
}

export function endSession<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  ending: CredentialEnding,
): EndedSession {
  for (const credential of rows.credentials(row)) endCredential(rows, row, credential, ending)
  rows.delete(row)
  return endedSession(row.record, ending.reason)
}

/** Ends the credentials. Invalidates the record if `keepRecord` is true. Otherwise, deletes the record. */
export function replaceSession<Row extends SessionRow>(
  rows: EmbeddedRows<Row>,
  row: Row,
  { keepRecord, now }: { keepRecord: boolean; now: number },
): void {
  for (const credential of rows.credentials(row))
    endCredential(rows, row, credential, { reason: 'secured', now, keepsOrigin: true })
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
    for (const evicted of evictedBy(credential, rows.credentials(row), by, limits, now))
      endCredential(rows, row, evicted, { reason: 'limit', now })
  }
  rows.addCredential(row, credential)
}

/** Records activity. Never replaces a stored time by an earlier time. */
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

/** Returns whether a request has used the session. Reads the credentials only if the record does not show a use. */
export function rowWasSeen<Row extends SessionRow>(rows: EmbeddedRows<Row>, row: Row): boolean {
  return wasUsed(row.record) || wasSeen(row.record, rows.credentials(row))
}

/**
 * Removes expired tombstones, credentials and sessions, but at most `limit` sessions. Keeps credentials and sessions for
 * `SWEEP_MARGIN_MILLISECONDS` after their expiry.
 */
export function sweepApp<Row extends SessionRow>(rows: EmbeddedRows<Row>, limit: number, now: number): EndedSession[] {
  const latestEnd = now - SWEEP_MARGIN_MILLISECONDS
  rows.deleteTombstones(now)
  rows.deleteExpired(latestEnd)
  return rows.endedUntil(latestEnd, limit).map((row) => {
    rows.delete(row)
    return sweptSession(row.record)
  })
}

export function liveOTP(rows: EmbeddedRows, hash: string, now: number): FoundOTP | undefined {
  const found = rows.findOTP(hash)
  return found && now < found.credential.expiresAt && isLive(found.session, now) ? found : undefined
}
