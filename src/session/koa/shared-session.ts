import type { IncomingMessage } from 'node:http'
import type { SessionKind } from '../record.ts'

interface Shown {
  session: unknown
}

/** The current session of a request. All mounts of `sessions` with one manager share it. */
export class SharedSession<T> {
  #session: T
  readonly #contexts: Shown[] = []

  constructor(session: T) {
    this.#session = session
  }

  /** Sets the context's `session` now, and again when the session is replaced. */
  showIn(ctx: Shown): T {
    if (!this.#contexts.includes(ctx)) this.#contexts.push(ctx)
    ctx.session = this.#session
    return this.#session
  }

  /** A context that now shows the session of another manager keeps it. */
  replace(session: T): void {
    for (const ctx of this.#contexts) if (ctx.session === this.#session) ctx.session = session
    this.#session = session
  }
}

/** A property of a request. A WeakMap with an entry for each request would cost more than the rest of the middleware. */
interface RequestProperty<T> {
  get(req: IncomingMessage): T | undefined
  set(req: IncomingMessage, value: T): void
}

const properties = { web: new WeakMap<object, symbol>(), rest: new WeakMap<object, symbol>() }

/** Returns the same property for each mount of `sessions` (web) or `tokenSessions` (rest) with one manager. */
export function requestProperty<T>(manager: object, kind: SessionKind): RequestProperty<T> {
  const key = properties[kind].get(manager) ?? Symbol(kind)
  properties[kind].set(manager, key)
  return {
    get: (req) => (req as WithProperty<T>)[key],
    set(req, value) {
      ;(req as WithProperty<T>)[key] = value
    },
  }
}

type WithProperty<T> = IncomingMessage & { [key: symbol]: T | undefined }
