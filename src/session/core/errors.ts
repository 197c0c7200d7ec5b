/** The codes of run-time errors. Codes do not change in later versions, but messages may. */
export type SessionErrorCode =
  /** The session ended, or this device was signed out, during the request. Nothing was written. */
  | 'SESSION_ENDED'
  /** Write conflicts lasted too long. Nothing was written, so a retry is safe. */
  | 'SESSION_BUSY'
  /** The store failed, or its reply was lost. No user is logged out. */
  | 'STORE_UNAVAILABLE'
  /** The licence limit is reached (number 5503). */
  | 'SESSION_LIMIT'
  /** The REST request has no valid token. */
  | 'NOT_SIGNED_IN'
  /** The signed-in user does not have the required privilege. See the property `privilege`. */
  | 'PRIVILEGE_MISSING'
  | 'SESSIONS_OFF'
  /** The request is not a page navigation, so it cannot begin a guest's session. */
  | 'GUEST_NOT_STARTED'
  /** A call that needs Set-Cookie came after the response had begun. Nothing was changed. */
  | 'HEADERS_SENT'
  /** A write inside the `use` callback of the same session. */
  | 'USE_NESTED'
  /** The callback of `use` did not finish in time. Nothing was written. */
  | 'USE_TIMEOUT'
  /** The storage cannot hold a value. The message contains the value's path (4D's number -10721). */
  | 'VALUE_NOT_SHAREABLE'
  /** The storage would exceed `maxStorageBytes`. Nothing was written. */
  | 'STORAGE_TOO_LARGE'
  /** The stored storage is damaged, or written with a codec that this version lacks. Nothing was written. */
  | 'STORAGE_UNREADABLE'
  /** The call does not exist for this kind of session (JADE's number 1068). */
  | 'FEATURE_NOT_AVAILABLE'

const STATUS: Record<SessionErrorCode, number> = {
  SESSION_ENDED: 409,
  SESSION_BUSY: 503,
  STORE_UNAVAILABLE: 503,
  SESSION_LIMIT: 503,
  NOT_SIGNED_IN: 401,
  PRIVILEGE_MISSING: 403,
  SESSIONS_OFF: 503,
  GUEST_NOT_STARTED: 409,
  HEADERS_SENT: 500,
  USE_NESTED: 500,
  USE_TIMEOUT: 503,
  VALUE_NOT_SHAREABLE: 500,
  STORAGE_TOO_LARGE: 413,
  STORAGE_UNREADABLE: 500,
  FEATURE_NOT_AVAILABLE: 400,
}

const NUMBER: Partial<Record<SessionErrorCode, number>> = {
  SESSION_LIMIT: 5503,
  VALUE_NOT_SHAREABLE: -10721,
  FEATURE_NOT_AVAILABLE: 1068,
}

const RETRY_AFTER_SECONDS = 5

interface SessionErrorDetails {
  privilege?: string
  cause?: unknown
}

/**
 * A run-time error of the session layer. Invalid arguments throw a `TypeError` instead.
 * Koa responds with `status`, `expose` and `headers` (`Retry-After` for 503, `WWW-Authenticate` for 401).
 */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode
  readonly status: number
  readonly expose: boolean
  /** The documented error number (4D, West Wind, JADE); undefined for none. */
  readonly number: number | undefined
  readonly privilege: string | undefined
  /** Set with status 503. */
  readonly retryAfterSeconds: number | undefined
  readonly headers: Record<string, string | string[]>

  constructor(code: SessionErrorCode, message: string, details: SessionErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = STATUS[code]
    this.expose = this.status !== 500
    this.number = NUMBER[code]
    this.privilege = details.privilege
    this.retryAfterSeconds = this.status === 503 ? RETRY_AFTER_SECONDS : undefined
    this.headers = {
      ...(this.retryAfterSeconds !== undefined && { 'Retry-After': String(this.retryAfterSeconds) }),
      ...(this.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    }
  }
}

export function sessionLimit(): SessionError {
  return new SessionError('SESSION_LIMIT', 'The limit of licensed sessions is reached. Try again in a few minutes.')
}

export function sessionEnded(message = 'This session has ended. Reload the page to start again.'): SessionError {
  return new SessionError('SESSION_ENDED', message)
}

export function sessionBusy(): SessionError {
  return new SessionError(
    'SESSION_BUSY',
    'Other requests keep changing this session, so nothing was written. Try again in a few seconds.',
  )
}

export function storeUnavailable(cause: unknown): SessionError {
  return new SessionError(
    'STORE_UNAVAILABLE',
    'The session store is unavailable; your session is kept. Try again in a few seconds.',
    { cause },
  )
}

export function storageUnreadable(cause: unknown): SessionError {
  return new SessionError(
    'STORAGE_UNREADABLE',
    'The storage of this session cannot be read: it is damaged, or a codec is missing. Log in again, or log out.',
    { cause },
  )
}

// When the store does not respond, calls that have waited this long for an earlier one fail too.
const QUEUE_MILLISECONDS = 2000

/** Throws if the previous call in a queue failed because of the store, instead of another attempt after a long wait. */
export function failAlike(failure: unknown, waitedMilliseconds: number): void {
  if (isSessionError(failure, 'STORE_UNAVAILABLE') && waitedMilliseconds >= QUEUE_MILLISECONDS)
    throw storeUnavailable(failure)
}

export function isSessionError(error: unknown, code: SessionErrorCode): error is SessionError {
  return error instanceof SessionError && error.code === code
}

export function notSignedIn(): SessionError {
  return new SessionError('NOT_SIGNED_IN', 'Access Denied. Please sign in first.')
}
