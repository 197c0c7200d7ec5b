import { SessionError } from '../core/errors.ts'

/** What the gates need of a context. */
export interface GatedContext {
  readonly method: string
  readonly url: string
  status: number
  redirect(url: string): void
  session?: {
    hasPrivilege(name: string): boolean
    isGuest(): boolean
    hasRecentLogin(withinMinutes: number): boolean
  } | null
}

type Next = () => Promise<unknown>

interface RequirePrivilegeOptions {
  /** Where guests go to sign in; they come back afterwards by the parameter `next`. */
  loginPath: string
}

/**
 * Koa middleware that lets only sessions with this privilege pass. A guest is sent to sign in; a signed-in user gets
 * PRIVILEGE_MISSING (403). Throws SESSIONS_OFF (503) when the server runs without sessions.
 */
export function requirePrivilege<P extends string>(privilege: P, { loginPath }: RequirePrivilegeOptions) {
  return async function requirePrivilege(ctx: GatedContext, next: Next): Promise<void> {
    const session = sessionOf(ctx, 'requirePrivilege')
    if (session.hasPrivilege(privilege)) {
      await next()
      return
    }
    if (!session.isGuest()) {
      throw new SessionError(
        'PRIVILEGE_MISSING',
        `This page needs the privilege ${privilege}, which your account does not have.`,
        { privilege },
      )
    }
    sendTo(ctx, loginPath, wayBack(ctx))
  }
}

interface RequireRecentLoginOptions {
  withinMinutes: number
  /** Where the user proves their identity again; they come back afterwards by the parameter `next`. */
  confirmPath: string
  /** Where the user comes back to, in place of what was asked for: from a POST, or a download. Default: the page itself; nowhere for a POST. */
  comeBackTo?: string
}

/**
 * Koa middleware for sensitive pages: lets only users pass who proved their identity on this device in the last minutes. A session that
 * came by a one-time link always needs it. Put it behind `requirePrivilege`.
 */
export function requireRecentLogin({ withinMinutes, confirmPath, comeBackTo }: RequireRecentLoginOptions) {
  if (!(Number.isFinite(withinMinutes) && withinMinutes > 0))
    throw new TypeError(`requireRecentLogin(): withinMinutes is a number above 0, got ${withinMinutes}.`)
  return async function requireRecentLogin(ctx: GatedContext, next: Next): Promise<void> {
    const session = sessionOf(ctx, 'requireRecentLogin')
    if (session.hasRecentLogin(withinMinutes)) await next()
    else sendTo(ctx, confirmPath, comeBackTo ?? wayBack(ctx))
  }
}

function sessionOf(ctx: GatedContext, gate: string): NonNullable<GatedContext['session']> {
  if (ctx.session === undefined) throw new TypeError(`${gate}() found no session: mount sessions() above it.`)
  if (ctx.session === null)
    throw new SessionError('SESSIONS_OFF', 'This page needs a session, and the server runs without sessions.')
  return ctx.session
}

/** Some clients may send a whole address in place of a path: there is no way back to that. */
function wayBack({ method, url }: GatedContext): string | undefined {
  return (method === 'GET' || method === 'HEAD') && /^\/(?!\/)/.test(url) ? url : undefined
}

function sendTo(ctx: GatedContext, path: string, next: string | undefined): void {
  ctx.status = 303
  const separator = path.includes('?') ? '&' : '?'
  ctx.redirect(next === undefined ? path : `${path}${separator}next=${encodeURIComponent(next)}`)
}
