/** 32 upper-case hex digits. Public: it may appear in lists, logs and URLs. */
export type SessionId = string
export type SessionKind = 'web' | 'rest'

/** Why a session or a credential ended. `secured`: replaced by a new session. `limit`: evicted by a limit. `stopped`: server shutdown. */
export type EndReason = 'idle' | 'absolute' | 'closed' | 'revoked' | 'secured' | 'limit' | 'stopped'

/** Used as an end time: never ends. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** How long at least the tombstones of an ended session's credentials are kept. */
export const TOMBSTONE_MILLISECONDS = 90_000
/** How long a message for a device is kept. */
export const MESSAGE_MILLISECONDS = 24 * 3_600_000
/** The sweep keeps what expired less than this ago, because the clock of the sweeping process may be fast. */
export const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000
/** Activity is written at most once a minute, so the stored end is this much later than the idle timeout. */
export const TOUCH_GRACE_MILLISECONDS = 60_000

/** How often a process renews its registration with an embedded store. */
export const PRESENCE_BEAT_MILLISECONDS = 10_000
/** A process that has not renewed its registration for this long counts as stopped. */
export const PRESENCE_LIFE_MILLISECONDS = 30_000

/** A stored session. All times are milliseconds since 1970-01-01 UTC. */
export interface SessionRecord {
  readonly id: SessionId
  readonly kind: SessionKind
  /** '' until set. */
  readonly userName: string
  /** The application's own id of the user. */
  readonly userId: string | null
  /** The assigned privileges and roles as text; '' for a guest. Stores only compare it with ''. */
  readonly grants: string
  /** The encoded storage. Stores do not read it. */
  readonly storage: string
  /** Both null: invalidated (JADE). */
  readonly startTime: number | null
  readonly lastAccessTime: number | null
  /** 0 = no idle timeout. */
  readonly idleMilliseconds: number
  readonly absoluteEnd: number
  /** Live while `now < end`. Never later than `absoluteEnd`. */
  readonly end: number
  readonly version: number
}

export type CredentialKind = 'cookie' | 'bearer' | 'otp'

/** How a request proves that it belongs to a session. Only the hash of the secret is stored. */
export interface Credential {
  /** Public handle, 16 hex digits. */
  readonly handle: string
  readonly hash: string
  readonly kind: CredentialKind
  /** How it was created: a guest's first visit, a login, a one-time link, a REST sign-in, or an API token. */
  readonly via: 'visit' | 'login' | 'link' | 'sign-in' | 'token'
  readonly createdAt: number
  /** null until its first use. */
  readonly lastSeenAt: number | null
  readonly authenticatedAt: number | null
  /** The User-Agent header, truncated. */
  readonly device: string | null
  /** The IP address of the last use. */
  readonly address: string | null
  /** When an OTP expires. NEVER for other kinds, which end with their session. */
  readonly expiresAt: number
  /** An OTP's purpose; a new OTP ends the previous one with the same purpose. null for none, and for other kinds. */
  readonly purpose: string | null
  /** Further fields of the kind as text: an OTP's path, data and mode; a token's name and scope. */
  readonly details: string | null
}

/** The data of a session that remains after its end. */
export interface EndedSession {
  readonly id: SessionId
  readonly kind: SessionKind
  readonly userName: string
  readonly userId: string | null
  readonly reason: EndReason
}

/** Marks a store's error when the store knows that nothing was written. The layer then does not check for a lost reply. */
export function markNothingWritten(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { nothingWritten: true }) : error
}

export function isNothingWritten(error: unknown): boolean {
  return error instanceof Error && 'nothingWritten' in error && error.nothingWritten === true
}

/** Whether a session is live: neither invalidated nor past its end. */
export function isLive(session: SessionRecord, now: number): boolean {
  return session.startTime !== null && now < session.end
}

/** Whether a session is a guest's, as limits and lists count them. */
export function isGuestRecord(session: Pick<SessionRecord, 'grants' | 'userId'>): boolean {
  return session.grants === '' && session.userId === null
}

/** Whether a session was used after it began. This stays true when the used credential is removed. */
export function wasUsed({ startTime, lastAccessTime }: SessionRecord): boolean {
  return (lastAccessTime ?? 0) > (startTime ?? 0)
}

/** The stored end after an activity: the idle timeout plus `TOUCH_GRACE_MILLISECONDS`, at most the absolute timeout. */
export function endAfter(lastAccess: number, idleMilliseconds: number, absoluteEnd: number): number {
  return idleMilliseconds === 0
    ? absoluteEnd
    : Math.min(lastAccess + idleMilliseconds + TOUCH_GRACE_MILLISECONDS, absoluteEnd)
}

/** Which timeout ended an expired session. */
export function expiryReason(session: Pick<SessionRecord, 'end' | 'absoluteEnd'>): 'idle' | 'absolute' {
  return session.end >= session.absoluteEnd ? 'absolute' : 'idle'
}

export function endedSession({ id, kind, userName, userId }: SessionRecord, reason: EndReason): EndedSession {
  return { id, kind, userName, userId, reason }
}

/** What `remove` reports of a record in any state: `revoked` for a live one, otherwise why it had ended. */
export function removedSession(session: SessionRecord, now: number): EndedSession {
  return isLive(session, now) ? endedSession(session, 'revoked') : sweptSession(session)
}

/** What `sweep` reports of an expired record. */
export function sweptSession(session: SessionRecord): EndedSession {
  return endedSession(session, session.startTime === null ? 'secured' : expiryReason(session))
}
