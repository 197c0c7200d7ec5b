import { SessionError } from '../core/errors.ts'
import { refuseUnknown } from '../known-options.ts'
import type { Declares } from './fits.ts'
import { withoutLink } from './link-parameters.ts'

/** The parts of a Koa context that these middleware functions use. */
export interface GatedContext<S extends object = object> {
  readonly method: string
  readonly url: string
  status: number
  redirect(url: string): void
  session?: S | null
}

interface WithPrivileges {
  hasPrivilege(name: string): boolean
  isGuest(): boolean
}

interface WithUser {
  readonly userName: string
  readonly userId: string | undefined
}

interface WithLogin {
  hasRecentLogin(withinMinutes: number): boolean
}

type Next = () => Promise<unknown>

interface LoginRedirect {
  /** The login page. The redirect passes the requested URL in the parameter `next`. */
  loginPath: string
}

/**
 * Koa middleware that requires a privilege. Redirects guests without the privilege to the login page.
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user; SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  const loginPath = checkedLoginPath('requirePrivilege()', options)
  checkText('requirePrivilege()', 'the privilege', privilege)
  return async function requirePrivilege<C extends GatedContext<WithPrivileges>>(
    ctx: C & Declares<C, P>,
    next: Next,
  ): Promise<void> {
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

/**
 * Koa middleware that requires a logged-in user, with or without privileges. Redirects a visitor without a user to the
 * login page.
 * @throws SessionError SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireUser(options: LoginRedirect) {
  const loginPath = checkedLoginPath('requireUser()', options)
  return async function requireUser(ctx: GatedContext<WithUser>, next: Next): Promise<void> {
    const { userId, userName } = sessionOf(ctx, 'requireUser')
    if (userId || userName) await next()
    else redirectTo(ctx, loginPath, returnUrl(ctx))
  }
}

interface RequireRecentLoginOptions {
  withinMinutes: number
  /** The page for re-authentication. The parameter `next` of the redirect contains the return URL. */
  confirmPath: string
  /** The return URL. Default: the URL of a GET or HEAD. Set this option for a POST or a download. */
  comeBackTo?: string
}

/**
 * Koa middleware for step-up. Redirects to `confirmPath` unless the user authenticated on this device within the last
 * `withinMinutes` minutes. A one-time link is no authentication. Mount this middleware after `requirePrivilege`.
 * @throws TypeError for an invalid `withinMinutes`. SessionError SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireRecentLogin(options: RequireRecentLoginOptions) {
  refuseUnknown('requireRecentLogin()', options, { withinMinutes: true, confirmPath: true, comeBackTo: true })
  const { withinMinutes, confirmPath, comeBackTo } = options
  if (!(Number.isFinite(withinMinutes) && withinMinutes > 0))
    throw new TypeError(`requireRecentLogin(): withinMinutes is a number above 0, got ${withinMinutes}.`)
  checkText('requireRecentLogin()', 'confirmPath', confirmPath)
  if (comeBackTo !== undefined) checkText('requireRecentLogin()', 'comeBackTo', comeBackTo)
  return async function requireRecentLogin(ctx: GatedContext<WithLogin>, next: Next): Promise<void> {
    const session = sessionOf(ctx, 'requireRecentLogin')
    if (session.hasRecentLogin(withinMinutes)) await next()
    else redirectTo(ctx, confirmPath, comeBackTo ?? returnUrl(ctx))
  }
}

function checkedLoginPath(where: string, options: LoginRedirect): string {
  refuseUnknown(where, options, { loginPath: true })
  checkText(where, 'loginPath', options.loginPath)
  return options.loginPath
}

function checkText(where: string, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  throw new TypeError(`${where}: ${name} is a non-empty text, got ${JSON.stringify(value)}.`)
}

function sessionOf<S extends object>(ctx: GatedContext<S>, gate: string): S {
  if (ctx.session === undefined) throw new TypeError(`${gate}() found no session: mount sessions() above it.`)
  if (ctx.session === null)
    throw new SessionError('SESSIONS_OFF', 'This page needs a session, and the server runs without sessions.')
  return ctx.session
}

/** Returns the URL of a GET or HEAD, without the token of a one-time link. Returns `undefined` for a URL with a host, to prevent an open redirect. */
function returnUrl({ method, url }: Pick<GatedContext, 'method' | 'url'>): string | undefined {
  return (method === 'GET' || method === 'HEAD') && /^\/(?!\/)/.test(url) ? withoutLink(url) : undefined
}

function redirectTo(ctx: Pick<GatedContext, 'status' | 'redirect'>, path: string, next: string | undefined): void {
  ctx.status = 303
  const separator = path.includes('?') ? '&' : '?'
  ctx.redirect(next === undefined ? path : `${path}${separator}next=${encodeURIComponent(next)}`)
}
