import { SessionError } from '../core/errors.ts'

/** The parts of a Koa context that `requirePrivilege` and `requireRecentLogin` use. */
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
  /** The login page. The redirect passes the requested URL in the parameter `next`. */
  loginPath: string
}

/**
 * Koa middleware that requires a privilege. Redirects guests without the privilege to the login page.
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user; SESSIONS_OFF (503) if `ctx.session` is null.
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
    redirectTo(ctx, loginPath, returnUrl(ctx))
  }
}

interface RequireRecentLoginOptions {
  withinMinutes: number
  /** The page for re-authentication. The redirect passes the URL to return to in the parameter `next`. */
  confirmPath: string
  /** The URL to return to. Default: the URL of a GET or HEAD, otherwise none. Set it for a POST or a download. */
  comeBackTo?: string
}

/**
 * Koa middleware for step-up. Redirects to `confirmPath` unless the user authenticated on this device within the last
 * `withinMinutes` minutes. Opening a one-time link does not count. Mount this middleware after `requirePrivilege`.
 * @throws TypeError for an invalid `withinMinutes`. SessionError SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireRecentLogin({ withinMinutes, confirmPath, comeBackTo }: RequireRecentLoginOptions) {
  if (!(Number.isFinite(withinMinutes) && withinMinutes > 0))
    throw new TypeError(`requireRecentLogin(): withinMinutes is a number above 0, got ${withinMinutes}.`)
  return async function requireRecentLogin(ctx: GatedContext, next: Next): Promise<void> {
    const session = sessionOf(ctx, 'requireRecentLogin')
    if (session.hasRecentLogin(withinMinutes)) await next()
    else redirectTo(ctx, confirmPath, comeBackTo ?? returnUrl(ctx))
  }
}

function sessionOf(ctx: GatedContext, gate: string): NonNullable<GatedContext['session']> {
  if (ctx.session === undefined) throw new TypeError(`${gate}() found no session: mount sessions() above it.`)
  if (ctx.session === null)
    throw new SessionError('SESSIONS_OFF', 'This page needs a session, and the server runs without sessions.')
  return ctx.session
}

/** Returns `undefined` for an absolute URL, to prevent an open redirect. */
function returnUrl({ method, url }: GatedContext): string | undefined {
  return (method === 'GET' || method === 'HEAD') && /^\/(?!\/)/.test(url) ? url : undefined
}

function redirectTo(ctx: GatedContext, path: string, next: string | undefined): void {
  ctx.status = 303
  const separator = path.includes('?') ? '&' : '?'
  ctx.redirect(next === undefined ? path : `${path}${separator}next=${encodeURIComponent(next)}`)
}
