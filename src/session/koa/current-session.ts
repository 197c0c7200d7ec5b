const CURRENT = Symbol('session')

interface HasSession {
  session?: unknown
  [CURRENT]?: object | null
}

// All contexts share these functions: with functions of its own, each context would get a hidden class of its own.
const SESSION: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: HasSession) {
    return this[CURRENT]
  },
  set(this: HasSession, value: unknown) {
    if (value === this[CURRENT]) return
    throw new TypeError(`ctx.session cannot be assigned: ${advice(this[CURRENT], value)}.`)
  },
}

/** Sets `ctx.session`. The application cannot assign it, because an assignment would log no user out and store nothing. */
export function setCurrentSession(ctx: HasSession, session: object | null): void {
  if (!(CURRENT in ctx)) Object.defineProperty(ctx, 'session', SESSION)
  ctx[CURRENT] = session
}

function advice(session: unknown, value: unknown): string {
  if (session === null) return 'the server runs without sessions'
  if (value === null || value === undefined) return 'to log out, call await ctx.session.close()'
  return 'to store data, call await ctx.session.use((storage) => { … })'
}
