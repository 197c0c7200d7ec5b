/** A public session ID: 32 upper-case hex digits. It may appear in lists, logs and URLs. */
export type SessionId = string
export type SessionKind = 'web' | 'rest'

/**
 * The reason why a session or a credential ended: the idle or absolute timeout, a log out (`closed`), an administrator
 * or the application (`revoked`), a new session, cookie or login in its place (`secured`), a limit, or the shutdown of
 * the server (`stopped`).
 */
export type EndReason = 'idle' | 'absolute' | 'closed' | 'revoked' | 'secured' | 'limit' | 'stopped'

/** The end time of a session or a credential that never expires. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** The minimum time for which a store remembers an ended credential. The stored mark is called a tombstone. */
export const TOMBSTONE_MILLISECONDS = 90_000
/** The time for which the messages of an ended session are stored for its devices. */
export const MESSAGE_MILLISECONDS = 24 * 3_600_000
/** A sweep removes a record this long after its expiry, because the clocks of machines may differ. */
export const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000
/** A sweep removes expired data of other applications after this time, because unused applications do not sweep. */
export const UNUSED_APP_MILLISECONDS = 24 * 3_600_000
/** The minimum time between two writes of a session's activity. The stored end is the idle timeout plus this time. */
export const TOUCH_GRACE_MILLISECONDS = 60_000

/** The maximum number of unused logins of one origin (see `touch`). Above it, the oldest unused login ends. */
export const MOST_UNUSED_LOGINS = 10

/** The interval at which a process renews its registration with an embedded store. */
export const PRESENCE_BEAT_MILLISECONDS = 10_000
/** A process that has not renewed its registration for this long counts as stopped, unless it is known to run. */
export const PRESENCE_LIFE_MILLISECONDS = 30_000

/** A stored session. All times are milliseconds since 1970-01-01 UTC. */
export interface SessionRecord {
  readonly id: SessionId
  readonly kind: SessionKind
  readonly userName: string
  /** The user's ID in the application. */
  readonly userId: string | null
  /** The assigned privileges and roles; '' for none. A store only checks whether this text is empty. */
  readonly grants: string
  /** The encoded storage. A store does not decode it. */
  readonly storage: string
  /** `startTime` and `lastAccessTime` are null when the session is invalidated (JADE). */
  readonly startTime: number | null
  readonly lastAccessTime: number | null
  /** The idle timeout; 0 for none. */
  readonly idleMilliseconds: number
  readonly absoluteEnd: number
  /** The session is live before this time, which is at most `absoluteEnd`. */
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
  /** What created the credential: a visit, a login, a one-time link, a REST sign-in, or a request for an API token. */
  readonly via: 'visit' | 'login' | 'link' | 'sign-in' | 'token'
  readonly createdAt: number
  /** The time of the last use; null before the first use. */
  readonly lastSeenAt: number | null
  readonly authenticatedAt: number | null
  /** The User-Agent header, truncated. */
  readonly device: string | null
  /** The IP address of the last use. */
  readonly address: string | null
  /** The time at which an OTP expires; `NEVER` for a cookie or a bearer token. */
  readonly expiresAt: number
  /** The purpose of an OTP; null for none. A new OTP revokes the session's previous OTP with the same purpose. */
  readonly purpose: string | null
  /**
   * Further fields as text: the path, data and mode of an OTP, the name and scope of a bearer token, or the origin of a
   * cookie that a login created. The origin is the ID of the session that the browser had before its consecutive
   * logins.
   */
  readonly details: string | null
}

export interface EndedSession extends Pick<SessionRecord, 'id' | 'kind' | 'userName' | 'userId'> {
  readonly reason: EndReason
}

/** Marks an error of a store that has certainly written nothing. The caller then does not repeat the write. */
export function markNothingWritten(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { nothingWritten: true }) : error
}

export function isNothingWritten(error: unknown): boolean {
  return error instanceof Error && 'nothingWritten' in error && error.nothingWritten === true
}

export function isLive(session: SessionRecord, now: number): boolean {
  return session.startTime !== null && now < session.end && !isDamaged(session)
}

/** Whether a stored record contains an impossible number. Such a record opens no session, but can be ended. */
export function isDamaged({
  startTime,
  lastAccessTime,
  idleMilliseconds,
  absoluteEnd,
  end,
  version,
}: SessionRecord): boolean {
  const areTimesReadable =
    startTime === null || lastAccessTime === null
      ? startTime === lastAccessTime
      : isTime(startTime) && isTime(lastAccessTime)
  const isReadable = isTime(idleMilliseconds) && isTime(end) && isTime(absoluteEnd) && Number.isSafeInteger(version)
  return !(areTimesReadable && isReadable && end <= absoluteEnd)
}

/** Returns whether a stored value is a time. A column of SQLite may contain text instead of a number. */
export function isTime(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) <= NEVER
}

/** Whether limits and lists count a session as a guest's. */
export function isGuestRecord(session: Pick<SessionRecord, 'grants' | 'userId'>): boolean {
  return session.grants === '' && session.userId === null
}

/** Whether a login created this cookie, and no request has sent it yet. */
export function isUnusedLogin({ kind, details, lastSeenAt }: Credential): boolean {
  return kind === 'cookie' && details !== null && lastSeenAt === null
}

/** The removal of a credential does not change the result, because a session has its own access time. */
export function wasUsed({ startTime, lastAccessTime }: SessionRecord): boolean {
  return (lastAccessTime ?? 0) > (startTime ?? 0)
}

/** Whether a request has used the session, with one of these credentials or with a credential that has ended. */
export function wasSeen(session: SessionRecord, credentials: readonly Credential[]): boolean {
  return wasUsed(session) || credentials.some(({ lastSeenAt }) => lastSeenAt !== null)
}

/** Returns the end to store. It is later than the idle timeout, because an access is stored at most once a minute. */
export function endAfter(lastAccess: number, idleMilliseconds: number, absoluteEnd: number): number {
  return idleMilliseconds === 0
    ? absoluteEnd
    : Math.min(lastAccess + idleMilliseconds + TOUCH_GRACE_MILLISECONDS, absoluteEnd)
}

export function expiryReason(session: Pick<SessionRecord, 'end' | 'absoluteEnd'>): 'idle' | 'absolute' {
  return session.end >= session.absoluteEnd ? 'absolute' : 'idle'
}

export function endedSession({ id, kind, userName, userId }: SessionRecord, reason: EndReason): EndedSession {
  return { id, kind, userName, userId, reason }
}

export function removedSession(session: SessionRecord, now: number): EndedSession {
  return isLive(session, now) ? endedSession(session, 'revoked') : sweptSession(session)
}

export function sweptSession(session: SessionRecord): EndedSession {
  return endedSession(session, session.startTime === null ? 'secured' : expiryReason(session))
}
