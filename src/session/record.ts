/** A public session ID: 32 upper-case hex digits. It may appear in lists, logs and URLs. */
export type SessionId = string
export type SessionKind = 'web' | 'rest'

/**
 * The reason why a session or a credential ended.
 *
 * - `idle`: the idle timeout expired.
 * - `absolute`: the absolute timeout expired.
 * - `closed`: the user logged out.
 * - `revoked`: an administrator or the application ended it.
 * - `secured`: a new session replaced it.
 * - `limit`: a limit was reached.
 * - `stopped`: the server shut down.
 */
export type EndReason = 'idle' | 'absolute' | 'closed' | 'revoked' | 'secured' | 'limit' | 'stopped'

/** The end time of a session or a credential that never expires. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** The minimum time for which the tombstones of ended credentials are stored. */
export const TOMBSTONE_MILLISECONDS = 90_000
/** The time for which the messages of an ended session are stored for its devices. */
export const MESSAGE_MILLISECONDS = 24 * 3_600_000
/** A sweep removes only records that expired at least this long ago, because the clocks of machines may differ. */
export const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000
/** The minimum time between two writes of a session's activity. The stored end is the idle timeout plus this time. */
export const TOUCH_GRACE_MILLISECONDS = 60_000

/** The interval at which a process renews its registration with an embedded store. */
export const PRESENCE_BEAT_MILLISECONDS = 10_000
/** A process that has not renewed its registration for this long counts as stopped. */
export const PRESENCE_LIFE_MILLISECONDS = 30_000

/** A stored session. All times are milliseconds since 1970-01-01 UTC. */
export interface SessionRecord {
  readonly id: SessionId
  readonly kind: SessionKind
  /** Default ''. */
  readonly userName: string
  /** The user's ID in the application. */
  readonly userId: string | null
  /** The assigned privileges and roles as text; '' for none. A store only checks whether this text is empty. */
  readonly grants: string
  /** The encoded storage. A store does not decode it. */
  readonly storage: string
  /** null, like `lastAccessTime`, when the session is invalidated (JADE). */
  readonly startTime: number | null
  readonly lastAccessTime: number | null
  /** The idle timeout; 0 for none. */
  readonly idleMilliseconds: number
  readonly absoluteEnd: number
  /** The session is live before this time. The value is at most `absoluteEnd`. */
  readonly end: number
  readonly version: number
}

export type CredentialKind = 'cookie' | 'bearer' | 'otp'

/** A cookie, a bearer token or a one-time token (OTP) of a session. Only the hash of its secret is stored. */
export interface Credential {
  /** The credential's public ID: 16 hex digits. */
  readonly handle: string
  readonly hash: string
  readonly kind: CredentialKind
  /**
   * How the credential was created: by a guest's visit, a login, a one-time link, a REST sign-in, or as an API token.
   */
  readonly via: 'visit' | 'login' | 'link' | 'sign-in' | 'token'
  readonly createdAt: number
  /** The time of the last use; null before the first use. */
  readonly lastSeenAt: number | null
  readonly authenticatedAt: number | null
  /** The User-Agent header, truncated. */
  readonly device: string | null
  /** The IP address of the last use. */
  readonly address: string | null
  /** When an OTP expires; `NEVER` for a cookie or a bearer token. */
  readonly expiresAt: number
  /** The purpose of an OTP; null for none. A new OTP revokes the session's previous OTP with the same purpose. */
  readonly purpose: string | null
  /** Further fields as text: the path, data and mode of an OTP, or the name and scope of a bearer token. */
  readonly details: string | null
}

/** Describes a session that has ended. */
export interface EndedSession {
  readonly id: SessionId
  readonly kind: SessionKind
  readonly userName: string
  readonly userId: string | null
  readonly reason: EndReason
}

/** Marks a store's error to state that nothing was written. The failed write is then not repeated. */
export function markNothingWritten(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { nothingWritten: true }) : error
}

export function isNothingWritten(error: unknown): boolean {
  return error instanceof Error && 'nothingWritten' in error && error.nothingWritten === true
}

/** Returns whether a session is live. Expired and invalidated sessions are not live. */
export function isLive(session: SessionRecord, now: number): boolean {
  return session.startTime !== null && now < session.end
}

/** Returns whether limits and lists count a session as a guest's. */
export function isGuestRecord(session: Pick<SessionRecord, 'grants' | 'userId'>): boolean {
  return session.grants === '' && session.userId === null
}

/** Returns whether a session was used after it began. Removing a credential does not change the result. */
export function wasUsed({ startTime, lastAccessTime }: SessionRecord): boolean {
  return (lastAccessTime ?? 0) > (startTime ?? 0)
}

/**
 * Returns the stored end of a session that was last accessed at `lastAccess`.
 * This is the idle timeout plus `TOUCH_GRACE_MILLISECONDS`, and at most `absoluteEnd`.
 */
export function endAfter(lastAccess: number, idleMilliseconds: number, absoluteEnd: number): number {
  return idleMilliseconds === 0
    ? absoluteEnd
    : Math.min(lastAccess + idleMilliseconds + TOUCH_GRACE_MILLISECONDS, absoluteEnd)
}

/** Returns which timeout ended an expired session. */
export function expiryReason(session: Pick<SessionRecord, 'end' | 'absoluteEnd'>): 'idle' | 'absolute' {
  return session.end >= session.absoluteEnd ? 'absolute' : 'idle'
}

export function endedSession({ id, kind, userName, userId }: SessionRecord, reason: EndReason): EndedSession {
  return { id, kind, userName, userId, reason }
}

/** Describes a record that `remove` removed. The reason is `revoked` if the session was live. */
export function removedSession(session: SessionRecord, now: number): EndedSession {
  return isLive(session, now) ? endedSession(session, 'revoked') : sweptSession(session)
}

/** Describes an expired record that `sweep` removed. */
export function sweptSession(session: SessionRecord): EndedSession {
  return endedSession(session, session.startTime === null ? 'secured' : expiryReason(session))
}
