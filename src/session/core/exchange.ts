import type { Cause } from './events.ts'

/** The parts of one HTTP request and response that a session uses. The framework glue creates one for each request. */
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
  /** What the request may do with a one-time link: nothing (HEAD, OPTIONS, a prefetch), open it, or confirm it (a POST). */
  readonly linkUse: 'none' | 'open' | 'confirm'
  /** Whether the user agreed that the link replaces another user's session in this browser. */
  readonly replacesUser: boolean
  /** The User-Agent header. */
  readonly device: string | null
  /** The client's IP address. */
  readonly address: string | null
  /** The request's id in the application's log. It appears in events. */
  readonly requestId?: string | undefined
  /** Whether the response has begun, so that headers can no longer be set. */
  headersSent(): boolean
  /** Sets the session's Set-Cookie header on the response. Replaces an earlier one. */
  setCookie(header: string): void
  /** Makes this the request's session, for instance `ctx.session`. */
  setCurrent(session: object): void
  /** Calls `run` when the request is over. */
  onClose(run: () => void): void
}

/** The cause that events of this request report. */
export function causeOf({ requestId, address, device }: Pick<Exchange, 'requestId' | 'address' | 'device'>): Cause {
  return { requestId, address, device }
}
