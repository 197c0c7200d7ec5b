import type { Cause } from './events.ts'

/** The parts of an HTTP request and its response that a session uses. A framework adapter provides them. */
export interface Exchange {
  readonly cookieHeader: string | undefined
  /** Whether the response may set a guest's cookie: see `mayBeginGuest` in `guest-rule.ts`. */
  readonly mayBeginGuest: boolean
  /** Whether a user submitted a form of this origin: see `isOwnForm` in `guest-rule.ts`. Default: false. */
  readonly isOwnForm?: boolean
  readonly countsAsActivity: boolean
  /** The one-time token in the URL parameter `$4DSID`, if there is exactly one. */
  readonly oneTimeToken: string | undefined
  /** The path of the URL, without the query. A one-time link may be restricted to a path. */
  readonly path: string
  /**
   * `open` for a GET. `none` for HEAD, OPTIONS, prefetches and URLs without a page, which ignore one-time links. Otherwise
   * `confirm`.
   */
  readonly linkUse: 'none' | 'open' | 'confirm'
  /** Whether the user agreed that the link replaces another user's session in this browser. */
  readonly replacesUser: boolean
  /** The User-Agent header. */
  readonly device: string | null
  /** The client's IP address. */
  readonly address: string | null
  /** The request's ID in the log of the application. Events include this ID. */
  readonly requestId?: string | undefined
  /** What a page of another origin caused: the navigation to a page, or any other request. Default: neither. */
  readonly crossOrigin?: 'navigation' | 'other' | undefined
  /** The header `Secure-Session-Skipped`, by which a browser tells why it sends no proof of its key. */
  readonly skippedBinding?: string | undefined
  /** Whether the browser uses plain HTTP to another machine and therefore drops a Secure cookie. Only for a warning. */
  isPlainHttp?(): boolean
  /** Whether the response has begun. Headers can then no longer be set. */
  headersSent(): boolean
  /** Sets the session cookie or the bound cookie. A second call for one cookie replaces the first call. */
  setCookie(header: string): void
  /** Sets the header `Secure-Session-Registration`, which asks the browser for a key. */
  offerBinding?(header: string): void
  /** Sets the session of the request, for instance as `ctx.session`. */
  setCurrent(session: object): void
  onClose(run: () => void): void
}

export function causeOf({ requestId, address, device }: Pick<Exchange, 'requestId' | 'address' | 'device'>): Cause {
  return { requestId, address, device }
}
