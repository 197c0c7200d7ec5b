import { AsyncLocalStorage } from 'node:async_hooks'

/** A request to a public demo. Any other server has none. */
interface Visit {
  /** Identifies the browser, or the session of an API client. */
  visitor: string
  /** The session with which the request came. */
  sessionId: string
  /** The response waits for these writes. */
  readonly writes: Promise<unknown>[]
}

/** The visitor of a request until it is known. No row becomes visible to everybody because of it. */
const UNKNOWN_VISITOR = 'unknown'

const visits = new AsyncLocalStorage<Visit>()

/**
 * Runs the handlers of a request. All code below can ask for the visitor, so that no query and no mail can forget to
 * pass the visitor on.
 */
export async function visit(run: () => Promise<void>, visitor = UNKNOWN_VISITOR): Promise<void> {
  const current: Visit = { visitor, sessionId: '', writes: [] }
  await visits.run(current, run)
  await Promise.allSettled(current.writes)
}

/** Undefined outside of requests, and on a server that is no public demo. */
export function currentVisit(): Visit | undefined {
  return visits.getStore()
}

/** The visitor of the current request. '' on a server that is no public demo. */
export function currentVisitor(): string {
  return visits.getStore()?.visitor ?? ''
}
