const CURRENT = Symbol('session')

/** The current session of a request. `current` is null when the server runs without sessions. */
interface CurrentSession {
  readonly current: object | null
}

interface HasSession {
  session?: unknown
  [CURRENT]?: CurrentSession
}

const SESSION: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: HasSession) {
    return this[CURRENT]?.current
  },
  set(this: HasSession, value: unknown) {
    const shown = this[CURRENT]
    // No session middleware handles this request, so the assigned value becomes an ordinary property.
    if (shown === undefined) Object.defineProperty(this, 'session', { ...OWN, value })
    else if (value !== shown.current)
      throw new TypeError(`ctx.session cannot be assigned: ${advice(shown.current, value)}.`)
  },
}

const OWN: PropertyDescriptor = { configurable: true, enumerable: true, writable: true }

/**
 * Defines `ctx.session`, and calls `run`. An assignment to `ctx.session` throws, because an assignment would neither
 * log out the user nor store anything. If `ctx.session` was the session of another manager, that session is restored
 * at the end.
 */
export async function withSession(ctx: HasSession, shown: CurrentSession, run: () => unknown): Promise<void> {
  const earlier = ctx[CURRENT]
  ctx[CURRENT] = shown
  if (ctx.session !== shown.current) Object.defineProperty(placeOf(ctx), 'session', SESSION)
  try {
    await run()
  } finally {
    if (earlier) ctx[CURRENT] = earlier
  }
}

/** Returns the prototype that all contexts share, if possible. A property of each single context would be slower. */
function placeOf(ctx: HasSession): object {
  const prototype = Object.getPrototypeOf(ctx)
  return Object.hasOwn(ctx, 'session') || prototype === null || prototype === Object.prototype ? ctx : prototype
}

function advice(session: unknown, value: unknown): string {
  if (session === null) return 'the server runs without sessions'
  if (value === null || value === undefined) return 'to log out, call await ctx.session.close()'
  return 'to store data, call await ctx.session.use((storage) => { … })'
}
