interface HasSession {
  session?: unknown
}

/** Sets `ctx.session`. The application cannot assign it, because an assignment would log no user out and store nothing. */
export function setCurrentSession(ctx: HasSession, session: object | null): void {
  Object.defineProperty(ctx, 'session', {
    configurable: true,
    enumerable: true,
    get: () => session,
    set: refuseAssignment,
  })
}

function refuseAssignment(this: HasSession, value: unknown): void {
  if (value === this.session) return
  throw new TypeError(`ctx.session cannot be assigned: ${advice(this.session, value)}.`)
}

function advice(session: unknown, value: unknown): string {
  if (session === null) return 'the server runs without sessions'
  if (value === null || value === undefined) return 'to log out, call await ctx.session.close()'
  return 'to store data, call await ctx.session.use((storage) => { … })'
}
