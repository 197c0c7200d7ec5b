import type { IncomingMessage } from 'node:http'

interface Shown {
  session: unknown
}

/** The current session of a request. All mounts of `sessions` with one manager share it. */
export class SharedSession<T> {
  #session: T
  readonly #contexts = new Set<Shown>()

  constructor(session: T) {
    this.#session = session
  }

  /** Sets the context's `session` now, and again when the session is replaced. */
  showIn(ctx: Shown): T {
    this.#contexts.add(ctx)
    ctx.session = this.#session
    return this.#session
  }

  /** A context that now shows the session of another manager keeps it. */
  replace(session: T): void {
    for (const ctx of this.#contexts) if (ctx.session === this.#session) ctx.session = session
    this.#session = session
  }
}

type ByRequest<T> = WeakMap<IncomingMessage, SharedSession<T>>

const managers = new WeakMap<object, ByRequest<never>>()

/** Returns the sessions that any mount of `sessions` with this manager has opened. */
export function sessionsByRequest<T>(manager: object | null): ByRequest<T> {
  const known = manager && managers.get(manager)
  if (known) return known
  const opened: ByRequest<never> = new WeakMap()
  if (manager) managers.set(manager, opened)
  return opened
}
