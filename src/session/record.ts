/** A public session ID: 32 upper-case hex digits. The ID is no secret, so it may appear in lists, logs and URLs. */
export type SessionId = string
export type SessionKind = 'web' | 'rest'

/**
 * The reason why a session or a credential ended.
 * - `idle`, `absolute`: The idle timeout or the absolute timeout expired.
 * - `closed`: The user logged out.
 * - `revoked`: An administrator or the application ended the session or the credential.
 * - `secured`: A new session, a new cookie or another login of the browser replaced the session or the credential.
 * - `limit`: A limit was reached, for instance `maxSessionsPerUser`.
 * - `stopped`: The last process of the application stopped (option `closeOnStop`).
 */
export type EndReason = 'idle' | 'absolute' | 'closed' | 'revoked' | 'secured' | 'limit' | 'stopped'

/** The end time of a session or a credential that never expires. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** The minimum time for which a store keeps a tombstone. A tombstone is the stored mark of an ended credential. */
export const TOMBSTONE_MILLISECONDS = 90_000
/** The time for which a store keeps the message of an ended session for the session's devices. */
export const MESSAGE_MILLISECONDS = 24 * 3_600_000
/** A sweep keeps an expired record for at least this time, because the clocks of machines may differ. */
export const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000
/** A sweep removes records of other applications that expired this long ago. Unused applications do not sweep. */
export const UNUSED_APP_MILLISECONDS = 24 * 3_600_000
/** The minimum time between two writes of a session's activity. `endAfter` adds this time to the idle timeout. */
export const TOUCH_GRACE_MILLISECONDS = 60_000

/** The maximum number of unused logins of one origin (see `touch`). A further login ends the oldest unused login. */
export const MOST_UNUSED_LOGINS = 10

/** The interval at which a process renews its registration with an embedded store. */
export const PRESENCE_BEAT_MILLISECONDS = 10_000
/** Without a renewal for this time, a process counts as stopped. The result of `isRunning` overrides this rule. */
export const PRESENCE_LIFE_MILLISECONDS = 30_000

/** A stored session. All times are milliseconds since 1970-01-01 UTC. */
export interface SessionRecord {
  readonly id: SessionId
  readonly kind: SessionKind
  readonly userName: string
  /** The user's ID in the application. */
  readonly userId: string | null
  /** The assigned privileges and roles as text; '' for none. A store only checks whether this text is empty. */
  readonly grants: string
  /** The encoded storage. A store does not decode it. */
  readonly storage: string
  /** Both times are null when the session is invalidated (JADE). `replace` invalidates a session. */
  readonly startTime: number | null
  readonly lastAccessTime: number | null
  /** The idle timeout; 0 for none. */
  readonly idleMilliseconds: number
  readonly absoluteEnd: number
  /** The time at which the session expires, at most `absoluteEnd`. */
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
  /**
   * The time at which the credential expires, even if the session lives longer; `NEVER` for none. All OTPs expire, and
   * the cookies of a session with `remember` do. Other cookies and bearer tokens end only with their session.
   */
  readonly expiresAt: number
  /**
   * For an OTP, its purpose: a new OTP revokes the session's previous OTP with the same purpose. For a cookie, the
   * proofs of the user as text. A store does not decode the proofs. null for none.
   */
  readonly purpose: string | null
  /**
   * Further fields as text:
   * - for an OTP, its path, data and mode
   * - for a bearer token, its name and scope
   * - for a cookie that a login created, its origin
   * A browser may log in several times in a row. The origin is the ID of the session before the first of these logins.
   */
  readonly details: string | null
}

export interface EndedSession extends Pick<SessionRecord, 'id' | 'kind' | 'userName' | 'userId'> {
  readonly reason: EndReason
}

/** Marks the error of a store call that has certainly written nothing. The layer then does not repeat the call. */
export function markNothingWritten(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { nothingWritten: true }) : error
}

export function isNothingWritten(error: unknown): boolean {
  return error instanceof Error && 'nothingWritten' in error && error.nothingWritten === true
}

export function isLive(session: SessionRecord, now: number): boolean {
  return session.startTime !== null && now < session.end && !isDamaged(session)
}

/** Whether a stored record contains an impossible number. A damaged record opens no session, but a call can end it. */
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

/** Returns whether a stored value is a time. A numeric column of SQLite may also contain text. */
export function isTime(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) <= NEVER
}

/** Whether a credential has expired. An expired credential counts as ended. A damaged time counts as expired. */
export function isExpired({ expiresAt }: Pick<Credential, 'expiresAt'>, now: number): boolean {
  return !(isTime(expiresAt) && now < expiresAt)
}

/** Whether a session has no user ID, no privilege and no role. Limits and lists count it as a guest's session. */
export function isGuestRecord(session: Pick<SessionRecord, 'grants' | 'userId'>): boolean {
  return session.grants === '' && session.userId === null
}

/** Whether a login created this cookie, and no request has sent the cookie yet. */
export function isUnusedLogin({ kind, details, lastSeenAt }: Credential): boolean {
  return kind === 'cookie' && details !== null && lastSeenAt === null
}

/** Whether a request has used the session after its start. The end of a credential does not change the result. */
export function wasUsed({ startTime, lastAccessTime }: SessionRecord): boolean {
  return (lastAccessTime ?? 0) > (startTime ?? 0)
}

/** Whether a request has used the session, with one of these credentials or with an ended credential. */
export function wasSeen(session: SessionRecord, credentials: readonly Credential[]): boolean {
  return wasUsed(session) || credentials.some(({ lastSeenAt }) => lastSeenAt !== null)
}

/**
 * Returns the `end` to store. This time is `TOUCH_GRACE_MILLISECONDS` later than the idle timeout, because an access is
 * stored at most once a minute.
 */
export function endAfter(lastAccess: number, idleMilliseconds: number, absoluteEnd: number): number {
  return idleMilliseconds === 0
    ? absoluteEnd
    : Math.min(lastAccess + idleMilliseconds + TOUCH_GRACE_MILLISECONDS, absoluteEnd)
}

export function expiryReason(session: Pick<SessionRecord, 'end' | 'absoluteEnd'>): 'idle' | 'absolute' {
  return session.end >= session.absoluteEnd ? 'absolute' : 'idle'
}

export function endedSession(
  { id, kind, userName, userId }: Omit<EndedSession, 'reason'>,
  reason: EndReason,
): EndedSession {
  return { id, kind, userName, userId, reason }
}

export function removedSession(session: SessionRecord, now: number): EndedSession {
  return isLive(session, now) ? endedSession(session, 'revoked') : sweptSession(session)
}

export function sweptSession(session: SessionRecord): EndedSession {
  return endedSession(session, session.startTime === null ? 'secured' : expiryReason(session))
}
