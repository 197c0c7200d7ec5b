/** The codes of run-time errors. Codes do not change in later versions, but messages may. */
export type SessionErrorCode =
  /** During the request, the session ended or this device was signed out. Nothing was written. */
  | 'SESSION_ENDED'
  /** The write conflicted with other writes for too long. Nothing was written, so a retry is safe. */
  | 'SESSION_BUSY'
  /** The store failed, or its reply was lost. No user is logged out. */
  | 'STORE_UNAVAILABLE'
  /** The limit of stored sessions (licences) is reached. Error number 5503. */
  | 'SESSION_LIMIT'
  /** The REST request has no valid token. */
  | 'NOT_SIGNED_IN'
  /** The signed-in user does not have the required privilege. The property `privilege` contains its name. */
  | 'PRIVILEGE_MISSING'
  | 'SESSIONS_OFF'
  /** The browser did not prove the key to which its cookie is bound. */
  | 'DEVICE_NOT_PROVED'
  /** The cookie is not bound to a key of the browser, and this page needs a bound cookie. */
  | 'DEVICE_NOT_BOUND'
  /** A page of another origin sent the request (CSRF). */
  | 'CROSS_ORIGIN'
  /** The request is not a page navigation, so it cannot begin a guest's session. */
  | 'GUEST_NOT_STARTED'
  /** A call had to set a cookie after the response had begun. For the state after this error, see `docs/errors.md`. */
  | 'HEADERS_SENT'
  /** The callback of `use` tried to write to the same session. */
  | 'USE_NESTED'
  /** The callback of `use` did not finish in time. Nothing was written. */
  | 'USE_TIMEOUT'
  /** A value cannot be stored. The message contains the path of the value. Error number -10721 (4D). */
  | 'VALUE_NOT_SHAREABLE'
  /** The storage would exceed `maxStorageBytes`. Nothing was written. */
  | 'STORAGE_TOO_LARGE'
  /** The stored text is damaged, or a codec or a key that is needed to decode the text is missing. Nothing was written. */
  | 'STORAGE_UNREADABLE'
  /** A newer version of the application wrote the storage. Nothing was changed. */
  | 'STORAGE_NEWER'
  /** The function `upgrade` threw for the stored data, or returned no valid storage. Nothing was changed. */
  | 'STORAGE_NOT_UPGRADED'
  /** This kind of session does not support the call. Error number 1068 (JADE). */
  | 'FEATURE_NOT_AVAILABLE'

const STATUS: Record<SessionErrorCode, number> = {
  SESSION_ENDED: 409,
  SESSION_BUSY: 503,
  STORE_UNAVAILABLE: 503,
  SESSION_LIMIT: 503,
  NOT_SIGNED_IN: 401,
  PRIVILEGE_MISSING: 403,
  SESSIONS_OFF: 503,
  DEVICE_NOT_PROVED: 401,
  DEVICE_NOT_BOUND: 403,
  CROSS_ORIGIN: 403,
  GUEST_NOT_STARTED: 409,
  HEADERS_SENT: 500,
  USE_NESTED: 500,
  USE_TIMEOUT: 503,
  VALUE_NOT_SHAREABLE: 500,
  STORAGE_TOO_LARGE: 413,
  STORAGE_UNREADABLE: 500,
  STORAGE_NEWER: 503,
  STORAGE_NOT_UPGRADED: 500,
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
 * A run-time error of the session layer. Invalid arguments cause a `TypeError` instead.
 * Koa and Express use `status`, `expose` and `headers` for the response (`Retry-After` for 503, `WWW-Authenticate` for
 * 401). Hono calls `getResponse`.
 */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode
  readonly status: number
  readonly expose: boolean
  /** The error number in 4D, West Wind or JADE; undefined for an error without a number. */
  readonly number: number | undefined
  readonly privilege: string | undefined
  /** The seconds after which the client should retry. Set only for status 503. */
  readonly retryAfterSeconds: number | undefined
  readonly headers: Record<string, string>

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

  /** Returns the response in plain text. */
  getResponse(): Response {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...this.headers }
    return new Response(`${this.expose ? this.message : 'Internal Server Error'}\n`, { status: this.status, headers })
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
    'The storage of this session cannot be read: it is damaged, or a codec or a key is missing. Log in again, or log out.',
    { cause },
  )
}

// `failAlike` throws only for a call that has waited at least this long.
const QUEUE_MILLISECONDS = 2000

/**
 * Throws if this call has waited long for a previous call, during which the store failed. Otherwise, this call would
 * wait for the store a second time.
 */
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

export function deviceNotProved(): SessionError {
  return new SessionError(
    'DEVICE_NOT_PROVED',
    'This browser did not prove the key of its session, so you are not signed in here. Log in again.',
  )
}
