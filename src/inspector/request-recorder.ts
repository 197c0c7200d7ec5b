import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context, Next } from 'koa'
import type { CrmSession } from '../crm-session/crm-session.ts'
import { maskSecrets } from '../web/mask-secrets.ts'
import { sentAttributes } from './cookie-attributes.ts'
import { stateOf } from './session-state.ts'
import type { StoreCall, Trace } from './trace.ts'
import { addCall, type TraceRing } from './trace-ring.ts'

export const INSPECTOR_PATH = '/under-the-hood'

/** Records requests in the ring. Never writes into a session. */
export class RequestRecorder {
  readonly #ring: TraceRing
  readonly #now: () => number
  readonly #current = new AsyncLocalStorage<Trace>()
  readonly #sessions = new WeakMap<Trace, CrmSession>()

  constructor(ring: TraceRing, now: () => number) {
    this.#ring = ring
    this.#now = now
  }

  /** Adds a call of the session store to the request that caused it. */
  observeStoreCall(operation: string, outcome: StoreCall['outcome'], seconds: number): void {
    const trace = this.#current.getStore()
    if (trace) addCall(trace, { operation, outcome, milliseconds: seconds * 1000 })
  }

  /** Middleware that records the request. Mount it below the middleware that sets `ctx.requestId`. */
  record(cookieName = '') {
    return async (ctx: Context, next: Next): Promise<void> => {
      if (!isRecorded(ctx)) return next()
      const trace = newTrace(ctx, this.#now())
      const began = performance.now()
      await this.#current.run(trace, next)
      const session = this.#sessions.get(trace)
      trace.after = stateOf(session)
      if (!session || !trace.after) return
      trace.milliseconds = performance.now() - began
      trace.address = maskSecrets(ctx.originalUrl)
      trace.status = ctx.status
      trace.redirectedTo = maskSecrets(String(ctx.response.headers.location ?? ''))
      trace.route = typeof ctx._matchedRoute === 'string' ? ctx._matchedRoute : ''
      trace.setCookie = sentAttributes(cookieName, [ctx.response.headers['set-cookie'] ?? []].flat())
      this.#ring.add(session.id, trace)
    }
  }

  /** Middleware that notes the session before the handler and the view of the page. Mount it below `sessions`. */
  watch() {
    return async (ctx: Context, next: Next): Promise<void> => {
      const trace = this.#current.getStore()
      if (!trace) return next()
      trace.before = stateOf(ctx.session)
      const { show } = ctx
      ctx.show = (template, model) => {
        trace.view = template
        show(template, model)
      }
      try {
        await next()
      } finally {
        // The session changes once more when a guest's session begins, after all handlers.
        if (ctx.session) this.#sessions.set(trace, ctx.session)
      }
    }
  }
}

/** Streams last long, and polling requests would displace all others. Koa finds no path in the URL `http://`. */
function isRecorded({ path, query }: Context): boolean {
  return path?.startsWith('/') && path !== INSPECTOR_PATH && !path.endsWith('/events') && query.refresh === undefined
}

function newTrace({ requestId, method }: Context, at: number): Trace {
  return {
    requestId,
    method,
    address: '',
    at,
    milliseconds: 0,
    status: 0,
    redirectedTo: '',
    route: '',
    view: '',
    before: undefined,
    after: undefined,
    calls: [],
    moreCalls: 0,
    setCookie: undefined,
  }
}
