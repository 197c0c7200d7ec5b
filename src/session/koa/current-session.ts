const CURRENT = Symbol('session')

interface HasSession {
  session?: unknown
  [CURRENT]?: object | null
}

const SESSION: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: HasSession) {
    return this[CURRENT]
  },
  set(this: HasSession, value: unknown) {
    const current = this[CURRENT]
    // Above the middleware, or on a path that it does not handle.
    if (current === undefined) Object.defineProperty(this, 'session', { ...OWN, value })
    else if (value !== current) throw new TypeError(`ctx.session cannot be assigned: ${advice(current, value)}.`)
  },
}

const OWN: PropertyDescriptor = { configurable: true, enumerable: true, writable: true }

/** Sets `ctx.session`. The application cannot assign it, because an assignment would log no user out and store nothing. */
export function setCurrentSession(ctx: HasSession, session: object | null): void {
  ctx[CURRENT] = session
  if (ctx.session !== session) Object.defineProperty(placeOf(ctx), 'session', SESSION)
}

/** The prototype of an application's contexts, because a property of each context would cost more. */
function placeOf(ctx: HasSession): object {
  const prototype = Object.getPrototypeOf(ctx)
  return Object.hasOwn(ctx, 'session') || prototype === null || prototype === Object.prototype ? ctx : prototype
}

function advice(session: unknown, value: unknown): string {
  if (session === null) return 'the server runs without sessions'
  if (value === null || value === undefined) return 'to log out, call await ctx.session.close()'
  return 'to store data, call await ctx.session.use((storage) => { … })'
}
