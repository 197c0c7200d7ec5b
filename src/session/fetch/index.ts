import { SessionError } from '../core/errors.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import type { TokenSession } from '../core/token-session.ts'
import { type CrossOriginOptions, crossOriginCheck } from '../http/cross-origin.ts'
import {
  deviceBindingGate,
  type Gate,
  type LoginRedirect,
  privilegeGate,
  type RecentLoginOptions,
  recentLoginGate,
  userGate,
} from '../http/gates.ts'
import { type Opened, openSession, READ_ONLY } from '../http/open-session.ts'
import { refuseUnknown } from '../known-options.ts'
import { requestOpener, type SessionsOptions } from './open-request.ts'
import type { OpenedRequest } from './opened-request.ts'
import { FetchRequestHead } from './request-head.ts'
import { type TokenSessionsOptions, tokenOpener } from './token-sessions.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'
export { deviceBinding } from './device-binding.ts'

interface HandlerOptions {
  /**
   * Returns the response for an error of the handler. The session's cookie is added to this response. Default: the
   * response of a `SessionError`, and 500 for other errors, which are also reported by `process.emitWarning`.
   */
  onError?: (error: unknown, request: Request) => Response | Promise<Response>
}

type Handler<T, I> = (request: Request, session: T, info: I) => Response | Promise<Response>

/**
 * Returns a function from a `Request` to its `Response`, for servers of the Fetch standard. The function opens the
 * session, calls `handler`, and adds the session's cookie and cache headers to the response.
 * @example export default { fetch: sessionHandler(manager, async (request, session) => new Response(session.userName)) }
 */
export function sessionHandler<S extends object, P extends string, R extends string, I = undefined>(
  manager: Sessions<S, P, R>,
  handler: Handler<Session<S, P, R>, I>,
  { onError = errorResponse, ...options }: SessionsOptions<I> & HandlerOptions = {},
) {
  const open = requestOpener('sessionHandler()', manager, options)
  return (request: Request, info: I): Promise<Response> => answer(open, request, info, handler, onError)
}

/**
 * The same for REST clients (West Wind's InitTokenSession). Opens the session of the bearer token. Requests without a
 * valid token get 401, except for `anonymous` paths.
 */
export function tokenHandler<S extends object, P extends string, R extends string, I = undefined>(
  manager: Sessions<S, P, R>,
  handler: Handler<TokenSession<S, P, R>, I>,
  { onError = errorResponse, ...options }: TokenSessionsOptions<I> & HandlerOptions = {},
) {
  const open = tokenOpener(manager, options)
  const openOrNotFound = async (request: Request, info: I) =>
    ((await open(request, info)) as OpenedRequest<TokenSession<S, P, R>> | undefined) ??
    new Response(null, { status: 404 })
  return (request: Request, info: I): Promise<Response> => answer(openOrNotFound, request, info, handler, onError)
}

/**
 * Returns a function that requires a privilege. The function returns undefined for access. Otherwise, it returns the
 * redirect of a guest to the login page.
 * @example const refusal = mayViewOrders(request, session); if (refusal) return refusal
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  return check(privilegeGate(privilege, options))
}

/** The same for a logged-in user, with or without privileges. */
export function requireUser(options: LoginRedirect) {
  return check(userGate(options))
}

/**
 * The same for step-up: the function redirects to `confirmPath` unless the user authenticated on this device within the
 * last `withinMinutes` minutes. A one-time link is no authentication.
 */
export function requireRecentLogin(options: RecentLoginOptions) {
  return check(recentLoginGate(options))
}

/**
 * Returns a function that requires a cookie that is bound to a key of the browser (option `deviceBinding`).
 * @throws SessionError DEVICE_NOT_BOUND (403) for another cookie.
 */
export function requireDeviceBinding() {
  return check(deviceBindingGate())
}

/**
 * Returns a function against CSRF. Call it before you read the body of a request.
 * @throws SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links.
 */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const refuse = crossOriginCheck('crossOriginGuard()', options)
  return (request: Request): void => refuse(new FetchRequestHead(request, null))
}

function check<S extends object>(gate: Gate<S>) {
  return (request: Request, session: S | null): Response | undefined => {
    const location = gate(session, new FetchRequestHead(request, null))
    return location === undefined ? undefined : new Response(null, { status: 303, headers: { Location: location } })
  }
}

/**
 * Opens a session for reading, where no cookie can be set, for instance in a Server Component of React. `use`,
 * `setPrivileges` and `close` work; a call that needs a new cookie throws HEADERS_SENT.
 * @param headers the headers of the request, for instance `await headers()` in Next.js.
 */
export async function readSession<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  headers: Headers,
  options: { address?: string | null; countsAsActivity?: boolean } = {},
): Promise<Session<S, P, R>> {
  refuseUnknown('readSession()', options, { address: true, countsAsActivity: true })
  const { address = null, countsAsActivity = true } = options
  const head = new FetchRequestHead({ method: 'GET', url: 'http://localhost/', headers }, address)
  const opened = await openSession(manager, head, READ_ONLY, { countsAsActivity, requestId: undefined })
  return (opened as Opened<Session<S, P, R>>).current
}

type Open<T, I> = (request: Request, info: I) => Promise<OpenedRequest<T> | Response>

async function answer<T, I>(
  open: Open<T, I>,
  request: Request,
  info: I,
  handler: Handler<T, I>,
  onError: NonNullable<HandlerOptions['onError']>,
): Promise<Response> {
  let opened: OpenedRequest<T> | undefined
  try {
    const result = await open(request, info)
    if (result instanceof Response) return result
    opened = result
    return await opened.finish(await handler(request, opened.current, info), 'answered')
  } catch (error) {
    try {
      const response = await onError(error, request)
      return opened ? await opened.finish(response, 'failed') : response
    } catch (failure) {
      opened?.abandon()
      throw failure
    }
  }
}

/** The default answer to an error. */
export function errorResponse(error: unknown): Response {
  if (error instanceof SessionError) return error.getResponse()
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
  return new Response('Internal Server Error\n', { status: 500, headers: { 'Cache-Control': 'no-store' } })
}
