import { deviceNotProved, SessionError } from '../core/errors.ts'
import { checkProofName } from '../core/proofs.ts'
import { refuseUnknown } from '../known-options.ts'
import { withoutLink } from './link-parameters.ts'
import type { RequestHead } from './request-head.ts'

export interface WithPrivileges {
  hasPrivilege(name: string): boolean
  isGuest(): boolean
}

export interface WithUser {
  readonly userName: string
  readonly userId: string | undefined
}

export interface WithLogin {
  hasRecentLogin(withinMinutes: number, proof?: string): boolean
}

export interface WithBinding {
  readonly binding: object | undefined
  readonly bindingFailed: false | 'page' | 'fetch'
}

export interface LoginRedirect {
  /** The login page. The redirect passes the requested URL in the parameter `next`. */
  loginPath: string
}

export interface RecentLoginOptions {
  withinMinutes: number
  /** The proof that must be recent, such as 'passkey' (see `Session.proofs`). Default: any authentication. */
  proof?: string
  /** The page for re-authentication. The parameter `next` of the redirect contains the return URL. */
  confirmPath: string
  /** The return URL. Default: the URL of a GET or HEAD. Set this option for a POST or a download. */
  comeBackTo?: string
}

type Head = Pick<RequestHead, 'method' | 'url'>

/**
 * Checks the session of a request. Returns undefined for access, and otherwise the URL of a redirect with status 303.
 * @throws SessionError SESSIONS_OFF (503) if the session is null. TypeError if no middleware has opened the session.
 */
export type Gate<S extends object> = (session: S | null | undefined, head: Head) => string | undefined

/** @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user without the privilege. */
export function privilegeGate(privilege: string, options: LoginRedirect): Gate<WithPrivileges> {
  const loginPath = checkedLoginPath('requirePrivilege()', options)
  checkText('requirePrivilege()', 'the privilege', privilege)
  return (session, head) => {
    const opened = openedSession(session, 'requirePrivilege')
    if (opened.hasPrivilege(privilege)) return undefined
    if (opened.isGuest()) return withNext(loginPath, returnUrl(head))
    throw new SessionError(
      'PRIVILEGE_MISSING',
      `This page needs the privilege ${privilege}, which your account does not have.`,
      { privilege },
    )
  }
}

export function userGate(options: LoginRedirect): Gate<WithUser> {
  const loginPath = checkedLoginPath('requireUser()', options)
  return (session, head) => {
    const { userId, userName } = openedSession(session, 'requireUser')
    return userId || userName ? undefined : withNext(loginPath, returnUrl(head))
  }
}

export function recentLoginGate(options: RecentLoginOptions): Gate<WithLogin> {
  const known = { withinMinutes: true, proof: true, confirmPath: true, comeBackTo: true } as const
  refuseUnknown('requireRecentLogin()', options, known)
  const { withinMinutes, proof, confirmPath, comeBackTo } = options
  if (!(Number.isFinite(withinMinutes) && withinMinutes > 0))
    throw new TypeError(`requireRecentLogin(): withinMinutes is a number above 0, got ${withinMinutes}.`)
  checkText('requireRecentLogin()', 'confirmPath', confirmPath)
  if (comeBackTo !== undefined) checkText('requireRecentLogin()', 'comeBackTo', comeBackTo)
  if (proof !== undefined) checkProofName('requireRecentLogin()', proof)
  return (session, head) =>
    openedSession(session, 'requireRecentLogin').hasRecentLogin(withinMinutes, proof)
      ? undefined
      : withNext(confirmPath, comeBackTo ?? returnUrl(head))
}

/** @throws SessionError DEVICE_NOT_BOUND (403) for a session whose cookie is not bound to a key of the browser. */
export function deviceBindingGate(): Gate<WithBinding> {
  return (session) => {
    if (openedSession(session, 'requireDeviceBinding').binding !== undefined) return undefined
    throw new SessionError(
      'DEVICE_NOT_BOUND',
      'This page needs a browser that binds your session to this device. Log in again with such a browser.',
    )
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

function openedSession<S extends object>(session: S | null | undefined, gate: string): S {
  if (session === undefined) throw new TypeError(`${gate}() found no session: mount sessions() above it.`)
  if (session === null)
    throw new SessionError('SESSIONS_OFF', 'This page needs a session, and the server runs without sessions.')
  // A redirect would lead to the login page, which no script can use.
  if ((session as Partial<WithBinding>).bindingFailed === 'fetch') throw deviceNotProved()
  return session
}

/** Returns the URL of a GET or HEAD, without the token of a one-time link. Returns `undefined` for a URL with a host, to prevent an open redirect. */
function returnUrl({ method, url }: Head): string | undefined {
  return (method === 'GET' || method === 'HEAD') && /^\/(?!\/)/.test(url) ? withoutLink(url) : undefined
}

function withNext(path: string, next: string | undefined): string {
  const separator = path.includes('?') ? '&' : '?'
  return next === undefined ? path : `${path}${separator}next=${encodeURIComponent(next)}`
}
