/** 32 upper-case hex digits. A public handle: it may appear in lists, logs and URLs. */
export type SessionId = string
export type SessionKind = 'web' | 'rest'

/** Why a session or a credential ended. `limit`: others took its place. `stopped`: the server was stopped. */
export type EndReason = 'idle' | 'absolute' | 'closed' | 'revoked' | 'secured' | 'limit' | 'stopped'

/** A moment that never comes. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** How long an ended session is remembered by the hashes of its credentials, whatever ended it. */
export const TOMBSTONE_MILLISECONDS = 90_000
/** How long a message waits for the device it is meant for. */
export const MESSAGE_MILLISECONDS = 24 * 3_600_000
/** The sweep leaves alone what ended less than this ago: the clock of the process that sweeps may be ahead. */
export const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000
/** A touch comes at most once a minute, so the stored end lies a minute behind the promised one. */
export const TOUCH_GRACE_MILLISECONDS = 60_000

/** How often a process says that it has the store open. */
export const PRESENCE_BEAT_MILLISECONDS = 10_000
/** A process that was killed counts as gone after this. */
export const PRESENCE_LIFE_MILLISECONDS = 30_000

/** A session as stored. All times are milliseconds since 1970-01-01 UTC. */
export interface SessionRecord {
  readonly id: SessionId
  readonly kind: SessionKind
  /** '' until set. */
  readonly userName: string
  /** An opaque reference into the application's own tables. */
  readonly userId: string | null
  /** The assigned privileges and roles as text; '' for a guest. Stores compare it with '' and otherwise leave it alone. */
  readonly grants: string
  /** The storage, encoded. Stores leave it alone. */
  readonly storage: string
  /** Both null: invalidated (JADE's mark). */
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
  /** How it came about: a guest's first visit, a login, a link, a REST sign-in, a token made by the user. */
  readonly via: 'visit' | 'login' | 'link' | 'sign-in' | 'token'
  readonly createdAt: number
  /** null until it was first presented. */
  readonly lastSeenAt: number | null
  readonly authenticatedAt: number | null
  /** The browser's own description of itself, cut to a sane length. */
  readonly device: string | null
  readonly address: string | null
  /** An OTP's end; NEVER for other kinds, which live as long as their session. */
  readonly expiresAt: number
  /** An OTP's purpose: of each only the newest lives. null for none, and for other kinds. */
  readonly purpose: string | null
  /** What the kind needs beside (an OTP's path, data, mode; a token's name and scope), as text. */
  readonly details: string | null
}

/** What is known of a session after its end. */
export interface EndedSession {
  readonly id: SessionId
  readonly kind: SessionKind
  readonly userName: string
  readonly userId: string | null
  readonly reason: EndReason
}

/** A store marks an error of its like this when it knows that nothing was written, so that nobody has to ask again. */
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

/** Whether a session was used after it began. The credential that was presented may be gone by now. */
export function wasUsed({ startTime, lastAccessTime }: SessionRecord): boolean {
  return (lastAccessTime ?? 0) > (startTime ?? 0)
}

/** The end that follows from the last activity, one grace later than promised: a touch comes at most once a minute. */
export function endAfter(lastAccess: number, idleMilliseconds: number, absoluteEnd: number): number {
  return idleMilliseconds === 0
    ? absoluteEnd
    : Math.min(lastAccess + idleMilliseconds + TOUCH_GRACE_MILLISECONDS, absoluteEnd)
}

/** Why a session that is past its end ended. */
export function expiryReason(session: Pick<SessionRecord, 'end' | 'absoluteEnd'>): 'idle' | 'absolute' {
  return session.end >= session.absoluteEnd ? 'absolute' : 'idle'
}

export function endedSession({ id, kind, userName, userId }: SessionRecord, reason: EndReason): EndedSession {
  return { id, kind, userName, userId, reason }
}

/** What a removal reports of a record in whatever state. */
export function removedSession(session: SessionRecord, now: number): EndedSession {
  return isLive(session, now) ? endedSession(session, 'revoked') : sweptSession(session)
}

/** What a sweep reports of a record whose time is over. */
export function sweptSession(session: SessionRecord): EndedSession {
  return endedSession(session, session.startTime === null ? 'secured' : expiryReason(session))
}
