import type { ServerResponse } from 'node:http'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { TokenSession } from '../core/token-session.ts'
import { type CrossOriginOptions, crossOriginCheck } from '../http/cross-origin.ts'
import type { BindingManager } from '../http/device-binding.ts'
import {
  deviceBindingGate,
  type Gate,
  type LoginRedirect,
  privilegeGate,
  type RecentLoginOptions,
  recentLoginGate,
  userGate,
} from '../http/gates.ts'
import { type BindingOptions, bindingAnswerer } from './device-binding.ts'
import { type GatedRequest, passes } from './gates.ts'
import {
  addressOf,
  checkSessions,
  type NodeRequest,
  nodeHead,
  requestOpener,
  type SessionsOptions,
  showSession,
} from './open-request.ts'
import { type TokenSessionsOptions, tokenOpener } from './token-sessions.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'

type Next = (error?: unknown) => void

/**
 * Middleware for Express 5 and Connect that sets `req.session`. Mount it below assets, health checks, `tokenSessions`
 * and `crossOriginGuard`.
 * @param manager the result of `createSessions`. With null, `req.session` is null and no cookie is set.
 */
export function sessions<S extends object, P extends string, R extends string, Q extends NodeRequest = NodeRequest>(
  manager: Sessions<S, P, R> | null,
  options: SessionsOptions<Q> = {},
) {
  checkSessions('sessions()', manager, options)
  const open = manager && requestOpener('sessions()', manager, options, { addressOf })
  return function sessions(req: Q & { session?: Session<S, P, R> | null }, res: ServerResponse, next: Next): void {
    // tokenSessions() has already handled this request.
    if ((req.session as unknown) instanceof TokenSession) next()
    else if (open) open({ req, res }, req, next).then((opened) => opened && next(), next)
    else {
      showSession(req, { current: null })
      next()
    }
  }
}

/**
 * Requires a privilege. Redirects guests without the privilege to the login page.
 * Passes SessionError PRIVILEGE_MISSING (403) for a signed-in user, and SESSIONS_OFF (503) if `req.session` is null.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  return guard(privilegeGate(privilege, options))
}

/**
 * Requires a logged-in user, with or without privileges. Redirects a visitor without a user to the login page.
 * Passes SessionError SESSIONS_OFF (503) if `req.session` is null.
 */
export function requireUser(options: LoginRedirect) {
  return guard(userGate(options))
}

/**
 * Step-up: redirects to `confirmPath` unless the user authenticated on this device within the last `withinMinutes`
 * minutes. A one-time link is no authentication. Mount this middleware after `requirePrivilege`.
 */
export function requireRecentLogin(options: RecentLoginOptions) {
  return guard(recentLoginGate(options))
}

/**
 * Requires a cookie that is bound to a key of the browser (option `deviceBinding`). Passes SessionError DEVICE_NOT_BOUND
 * (403) for another cookie.
 */
export function requireDeviceBinding() {
  return guard(deviceBindingGate())
}

/** Serves the endpoints of the option `deviceBinding`. Mount it above `sessions`. */
export function deviceBinding<Q extends NodeRequest = NodeRequest>(
  manager: BindingManager,
  options: BindingOptions<Q> = {},
) {
  const answer = bindingAnswerer<Q>(manager, options, { addressOf })
  return function deviceBinding(req: Q, res: ServerResponse, next: Next): void {
    answer({ req, res }, req).then((isAnswered) => isAnswered || next(), next)
  }
}

/** Against CSRF: passes SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links. */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const check = crossOriginCheck('crossOriginGuard()', options)
  return function crossOriginGuard(req: NodeRequest, _res: ServerResponse, next: Next): void {
    try {
      check(nodeHead(req, null))
    } catch (error) {
      next(error)
      return
    }
    next()
  }
}

/**
 * Middleware for REST clients (West Wind's InitTokenSession). Sets `req.session` to the `TokenSession` of the bearer
 * token, and uses no cookies. Mount it above `sessions()`, because `sessions()` skips requests that have a
 * `TokenSession`.
 * @param manager the result of `createSessions`. With null, `req.session` is null.
 * Passes SessionError NOT_SIGNED_IN (401) without a valid token; SESSIONS_OFF (503) if `manager` is null. Requests for
 * `anonymous` paths cause no error.
 */
export function tokenSessions<
  S extends object,
  P extends string,
  R extends string,
  Q extends NodeRequest = NodeRequest,
>(manager: Sessions<S, P, R> | null, options: TokenSessionsOptions<Q> = {}) {
  const open = tokenOpener(manager, options, { addressOf })
  return function tokenSessions(req: Q, res: ServerResponse, next: Next): void {
    open({ req, res }, req, next).then(() => next(), next)
  }
}

function guard<S extends object>(gate: Gate<S>) {
  return function requireAccess(req: GatedRequest<S>, res: ServerResponse, next: Next): void {
    let hasAccess: boolean
    try {
      hasAccess = passes(gate, req, res)
    } catch (error) {
      next(error)
      return
    }
    if (hasAccess) next()
  }
}
