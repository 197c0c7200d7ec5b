import type { Cause } from './events.ts'

/** The parts of one HTTP request and response that a session uses. A framework adapter creates one for each request. */
export interface Exchange {
  /** The request's Cookie header. */
  readonly cookieHeader: string | undefined
  /** Whether the response may set a guest's cookie: see `mayBeginGuest` in `guest-rule.ts`. */
  readonly mayBeginGuest: boolean
  /** Whether this request counts as activity. */
  readonly countsAsActivity: boolean
  /** The one-time token in the URL parameter `$4DSID`, if there is exactly one. */
  readonly oneTimeToken: string | undefined
  /** The URL's path without the query. A link may be restricted to a path. */
  readonly path: string
  /** `open` for a GET, `confirm` for a POST. With `none` (HEAD, OPTIONS, a prefetch), one-time links are ignored. */
  readonly linkUse: 'none' | 'open' | 'confirm'
  /** Whether the user agreed that the link replaces another user's session in this browser. */
  readonly replacesUser: boolean
  /** The User-Agent header. */
  readonly device: string | null
  /** The client's IP address. */
  readonly address: string | null
  /** The ID of the request in the application's log. Events of the request include this ID. */
  readonly requestId?: string | undefined
  /** Whether the response has begun, so that headers can no longer be set. */
  headersSent(): boolean
  /** Sets the session's Set-Cookie header on the response. Replaces an earlier session cookie. */
  setCookie(header: string): void
  /** Sets the session of the request, for instance as `ctx.session`. */
  setCurrent(session: object): void
  /** Calls `run` when the request is over. */
  onClose(run: () => void): void
}

/** Returns the `cause` for events of this request. */
export function causeOf({ requestId, address, device }: Pick<Exchange, 'requestId' | 'address' | 'device'>): Cause {
  return { requestId, address, device }
}
