import type { Cause } from './events.ts'

/** What a session needs of one request, and what it puts on the answer. The glue for a web framework makes one for each request. */
export interface Exchange {
  /** The request's Cookie header. */
  readonly cookieHeader: string | undefined
  /** Whether a guest's cookie may go out with the answer: see `mayBeginGuest`. */
  readonly mayBeginGuest: boolean
  /** Whether this request counts as activity. */
  readonly countsAsActivity: boolean
  /** The one-time token that came in the URL as `$4DSID`, if exactly one did. */
  readonly oneTimeToken: string | undefined
  /** The path that was asked for, without the query: links may be bound to one. */
  readonly path: string
  /** What the request may do with a one-time link: nothing (HEAD, OPTIONS, a prefetch), open it, or confirm it (a POST). */
  readonly linkUse: 'none' | 'open' | 'confirm'
  /** The user said that this browser may leave another user's session for the link's. */
  readonly replacesUser: boolean
  /** How the browser describes itself, and where it is. */
  readonly device: string | null
  readonly address: string | null
  /** What the application's log calls this request: it stands in events. */
  readonly requestId?: string | undefined
  /** Whether the answer has begun, so that no header can be set any more. */
  headersSent(): boolean
  /** Puts a session Set-Cookie on the answer, in place of an earlier one. */
  setCookie(header: string): void
  /** From now on this is the request's session. */
  setCurrent(session: object): void
  /** Calls `run` when the request is over. */
  onClose(run: () => void): void
}

/** What events say of a request. */
export function causeOf({ requestId, address, device }: Pick<Exchange, 'requestId' | 'address' | 'device'>): Cause {
  return { requestId, address, device }
}
