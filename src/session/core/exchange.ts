import type { Cause } from './events.ts'

/** What a session needs of one HTTP request and its response. A framework adapter provides it. */
export interface Exchange {
  readonly cookieHeader: string | undefined
  /** See `mayBeginGuest` in `guest-rule.ts`. */
  readonly mayBeginGuest: boolean
  readonly countsAsActivity: boolean
  /** The one-time token in the URL parameter `$4DSID`, if there is exactly one. */
  readonly oneTimeToken: string | undefined
  /** Without the query. A link may be restricted to a path. */
  readonly path: string
  /** `open` for a GET, `confirm` for a POST. With `none` (HEAD, OPTIONS, a prefetch), one-time links are ignored. */
  readonly linkUse: 'none' | 'open' | 'confirm'
  /** Whether the user agreed that the link replaces another user's session in this browser. */
  readonly replacesUser: boolean
  /** The User-Agent header. */
  readonly device: string | null
  /** The client's IP address. */
  readonly address: string | null
  /** The request's ID in the log of the application. Events include it. */
  readonly requestId?: string | undefined
  /** Whether the browser uses plain HTTP to another machine, where it drops a Secure cookie. Only for a warning. */
  isPlainHttp?(): boolean
  /** Whether it is too late to set a header. */
  headersSent(): boolean
  /** Replaces an earlier session cookie of the response. */
  setCookie(header: string): void
  /** Sets the session of the request, for instance as `ctx.session`. */
  setCurrent(session: object): void
  onClose(run: () => void): void
}

export function causeOf({ requestId, address, device }: Pick<Exchange, 'requestId' | 'address' | 'device'>): Cause {
  return { requestId, address, device }
}
