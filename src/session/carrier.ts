/** How a session reaches one request and its answer. The glue for a web framework makes one for each request. */
export interface Carrier {
  /** The request's Cookie header. */
  readonly cookieHeader: string | undefined
  /** Whether a guest's cookie may go out with the answer: see `mayBeginGuest`. */
  readonly mayBeginGuest: boolean
  /** Whether this request counts as activity. */
  readonly countsAsActivity: boolean
  /** How the browser describes itself, and where it is. */
  readonly device: string | null
  readonly address: string | null
  /** Whether the answer has begun, so that no header can be set any more. */
  headersSent(): boolean
  /** Puts a session Set-Cookie on the answer, in place of an earlier one. */
  setCookie(header: string): void
  /** From now on this is the request's session. */
  setCurrent(session: object): void
  /** Calls `run` when the request is over. */
  onClose(run: () => void): void
}
