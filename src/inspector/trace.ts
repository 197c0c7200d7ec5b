import type { SessionState } from './session-state.ts'

export interface StoreCall {
  operation: string
  outcome: 'ok' | 'error'
  milliseconds: number
}

/** One request of a session. Contains no secret: all texts are masked when they are recorded. */
export interface Trace {
  requestId: string
  method: string
  /** The path with its query. */
  address: string
  /** The time at which the request arrived. */
  at: number
  milliseconds: number
  status: number
  /** The address that the response redirected to. '' for no redirect. */
  redirectedTo: string
  /** The pattern of the route. '' for a request that no route handled. */
  route: string
  /** The name of the template. '' for a response without a page. */
  view: string
  /** The session that arrived with the cookie. Undefined for none. */
  before: SessionState | undefined
  after: SessionState | undefined
  calls: StoreCall[]
  /** The number of calls that are not in `calls`. */
  moreCalls: number
  /** The attributes of the session cookie in the response, such as `Path=/`. Undefined for no cookie. */
  setCookie: string[] | undefined
}
