import type { Trace } from './trace.ts'

export const TRACES_PER_SESSION = 12
const MOST_SESSIONS = 200
const MOST_CALLS = 60
// A browser follows a redirect at once.
const LONGEST_REDIRECT_MILLISECONDS = 10_000

interface TracesOfSession {
  traces: Trace[]
  /** The attributes of the newest cookie that this process has set for the session. */
  cookie: string[] | undefined
}

/**
 * The newest traces in the memory of this process, by session ID. When a login rotates the ID, the new session starts
 * with the trace of the login, and never sees the earlier traces.
 */
export class TraceRing {
  readonly #sessions = new Map<string, TracesOfSession>()

  add(sessionId: string, trace: Trace): void {
    const { traces, cookie } = this.#sessions.get(sessionId) ?? { traces: [], cookie: undefined }
    // A map keeps the order of insertion, so its first session is the session that was idle for the longest time.
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, {
      traces: [...traces, trace].slice(-TRACES_PER_SESSION),
      cookie: trace.setCookie ?? cookie,
    })
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > MOST_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest)
  }

  /** Oldest first. */
  of(sessionId: string): readonly Trace[] {
    return this.#sessions.get(sessionId)?.traces ?? []
  }

  cookieOf(sessionId: string): readonly string[] | undefined {
    return this.#sessions.get(sessionId)?.cookie
  }
}

/** Adds a store call, also one that ends after the response, such as the note of the last access. */
export function addCall(trace: Trace, call: Trace['calls'][number]): void {
  if (trace.calls.length < MOST_CALLS) trace.calls.push(call)
  else trace.moreCalls += 1
}

/** Returns the requests that redirected the browser to `trace`, and then `trace`. */
export function stepsTo(trace: Trace, traces: readonly Trace[]): Trace[] {
  const earlier = traces.slice(0, Math.max(0, traces.indexOf(trace)))
  const redirect = earlier.findLast(
    ({ redirectedTo, at }) => redirectedTo === trace.address && trace.at - at < LONGEST_REDIRECT_MILLISECONDS,
  )
  return redirect === undefined ? [trace] : [...stepsTo(redirect, earlier), trace]
}
