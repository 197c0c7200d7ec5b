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
  type WithPrivileges,
} from '../http/gates.ts'
import { type BindingOptions, deviceBinding as bindingOf } from './device-binding.ts'
import { checkSessions, requestOpener, type SessionsOptions } from './open-request.ts'
import type { OpenedRequest } from './opened-request.ts'
import { FetchRequestHead } from './request-head.ts'
import { type TokenSessionsOptions, tokenOpener } from './token-sessions.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'

/** The parts of a Hono context that this middleware uses. The variable `session` must be declared. */
interface HonoContext {
  readonly req: { readonly raw: Request; readonly path: string }
  readonly error: Error | undefined
  /** Whether there is a response. */
  readonly finalized: boolean
  res: Response | undefined
  get(name: 'session'): unknown
  set(name: 'session', session: never): void
}

/** A context whose session has the methods that a gate needs. */
interface GatedContext<S extends object> extends HonoContext {
  get(name: 'session'): S | null
}

/**
 * Accepts a context whose declared variable `session` can hold a `T`. For any other context, this type requires a
 * property that no context has, so that `app.use(…)` does not compile.
 */
type Fits<C, T> = C extends { readonly var: { readonly session: infer Declared } }
  ? [T] extends [Declared]
    ? unknown
    : { 'the variable session is declared with another type than the sessions of this manager': T }
  : unknown

/** Accepts a context whose sessions declare the privilege `P`. For any other context, `app.use(…)` does not compile. */
type Declares<C, P> = C extends { readonly var: { readonly session: infer Declared } }
  ? NonNullable<Declared> extends { readonly hasPrivilege: (name: P) => boolean }
    ? unknown
    : { 'this application does not declare the privilege': P }
  : unknown

type Next = () => Promise<void>

/** What the variable `session` of each context shows. Several managers may open sessions for one request. */
const shown = new WeakMap<HonoContext, { readonly current: unknown }>()

/**
 * Hono middleware that sets the variable `session`, which `c.get('session')` returns. Mount the middleware below
 * `crossOriginGuard` and `tokenSessions`.
 * @param manager the result of `createSessions`. With null, the session is null and no cookie is set.
 * @param options their functions get Hono's context as the second argument. With `@hono/node-server`, the client's
 * address is `address: (_, c) => getConnInfo(c).remote.address ?? null`.
 * @example new Hono<{ Variables: { session: SessionOf<typeof manager> } }>().use(sessions(manager))
 */
export function sessions<
  S extends object,
  P extends string,
  R extends string,
  C extends HonoContext,
  M extends object | null = Sessions<S, P, R>,
>(manager: M & (Sessions<S, P, R> | null), options: SessionsOptions<C> = {}) {
  checkSessions('sessions()', manager, options)
  const open = manager && requestOpener<S, P, R, C>('sessions()', manager, options)
  return async function sessions<D extends C>(
    c: D & Fits<D, null extends M ? Session<S, P, R> | null : Session<S, P, R>>,
    next: Next,
  ): Promise<Response | undefined> {
    // tokenSessions() has already handled this request.
    if (c.get('session') instanceof TokenSession) return pass(next)
    if (open === null) {
      c.set('session', null as never)
      return pass(next)
    }
    const opened = await open(c.req.raw, c, (session) => {
      if (shown.get(c)?.current === session) c.set('session', session as never)
    })
    return opened instanceof Response ? opened : respond(c, opened, next)
  }
}

/**
 * Hono middleware for REST clients (West Wind's InitTokenSession). Sets the variable `session` to the `TokenSession` of
 * the bearer token, and uses no cookies. Mount it above `sessions()`, because `sessions()` skips requests that have a
 * `TokenSession`.
 * @param manager the result of `createSessions`. With null, the session is null.
 * @throws SessionError NOT_SIGNED_IN (401) without a valid token; SESSIONS_OFF (503) if `manager` is null. Requests for
 * `anonymous` paths cause no error.
 */
export function tokenSessions<S extends object, P extends string, R extends string, C extends HonoContext>(
  manager: Sessions<S, P, R> | null,
  options: TokenSessionsOptions<C> = {},
) {
  const open = tokenOpener<S, P, R, C>(manager, options)
  return async function tokenSessions(c: C, next: Next): Promise<Response | undefined> {
    const opened = await open(c.req.raw, c)
    return opened ? respond(c, opened, next) : pass(next)
  }
}

/**
 * Requires a privilege. Redirects guests without the privilege to the login page.
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user; SESSIONS_OFF (503) if the session is null.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  const requireAccess = guard(privilegeGate(privilege, options))
  return <C extends GatedContext<WithPrivileges>>(c: C & Declares<C, P>, next: Next) => requireAccess(c, next)
}

/** Requires a logged-in user, with or without privileges. Redirects a visitor without a user to the login page. */
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
 * Requires a cookie that is bound to a key of the browser (option `deviceBinding`).
 * @throws SessionError DEVICE_NOT_BOUND (403) for another cookie; SESSIONS_OFF (503) if the session is null.
 */
export function requireDeviceBinding() {
  return guard(deviceBindingGate())
}

/** Serves the endpoints of the option `deviceBinding`. Mount it above `sessions`. */
export function deviceBinding<C extends { readonly req: { readonly raw: Request } }>(
  manager: BindingManager,
  options: BindingOptions<C> = {},
) {
  const answer = bindingOf<C>(manager, options)
  return async (c: C, next: Next): Promise<Response | undefined> => (await answer(c.req.raw, c)) ?? pass(next)
}

/** Against CSRF. @throws SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links. */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const check = crossOriginCheck('crossOriginGuard()', options)
  return async function crossOriginGuard(c: { req: { raw: Request } }, next: Next): Promise<void> {
    check(new FetchRequestHead(c.req.raw, null))
    await next()
  }
}

function guard<S extends object>(gate: Gate<S>) {
  return async function requireAccess(c: GatedContext<S>, next: Next): Promise<Response | undefined> {
    const location = gate(c.get('session'), new FetchRequestHead(c.req.raw, null))
    if (location === undefined) return pass(next)
    return new Response(null, { status: 303, headers: { Location: location } })
  }
}

async function pass(next: Next): Promise<undefined> {
  await next()
}

/** Hono answers errors of the handler before `next` returns, so the session's cookie is added to error pages too. */
async function respond<T>(c: HonoContext, opened: OpenedRequest<T>, next: Next): Promise<undefined> {
  const earlier = shown.get(c)
  show(c, opened)
  try {
    await next()
    const outcome = c.error || !c.finalized ? 'failed' : 'answered'
    replace(c, await opened.finish(c.res as Response, outcome))
  } catch (error) {
    // Hono adds the headers of this response to its error page.
    replace(c, await opened.finish(new Response(null, { status: 500 }), 'failed'))
    throw error
  } finally {
    if (earlier) show(c, earlier)
  }
}

function show(c: HonoContext, opened: { readonly current: unknown }): void {
  shown.set(c, opened)
  c.set('session', opened.current as never)
}

function replace(c: HonoContext, response: Response): void {
  if (response === c.res) return
  c.res = undefined // Otherwise, Hono adds the headers of the earlier response again.
  c.res = response
}
