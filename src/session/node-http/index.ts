import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import type { TokenSession } from '../core/token-session.ts'
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
import { errorAnswer } from './error-answer.ts'
import { type GatedRequest, passes } from './gates.ts'
import { addressOf, type NodeRequest, nodeHead, requestOpener, type SessionsOptions } from './open-request.ts'
import { forgetBody } from './response-head.ts'
import { type TokenSessionsOptions, tokenOpener } from './token-sessions.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'

/** `req.session` is the current session. It differs from `session` after `secureSession`. */
type Handler<T> = (req: NodeRequest & { session: T }, res: ServerResponse, session: T) => unknown

interface HandlerOptions {
  /**
   * Answers a request whose handler threw. Check `res.headersSent` first: the handler may have answered already. Default:
   * answers with the `status` of the error and its message, or with 500. An error without a status is also reported by
   * `process.emitWarning`.
   */
  onError?: (error: unknown, req: IncomingMessage, res: ServerResponse) => unknown
}

/**
 * Returns a request listener for `node:http`, or for `node:http2` with its compatibility API. The listener opens the
 * session, calls `handler`, and answers if the handler throws.
 * @example createServer(sessionHandler(manager, async (req, res, session) => { res.end(session.userName) }))
 */
export function sessionHandler<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  handler: Handler<Session<S, P, R>>,
  { onError = answerError, ...options }: SessionsOptions<NodeRequest> & HandlerOptions = {},
) {
  const open = requestOpener('sessionHandler()', manager, options, { addressOf })
  return listener((req, res, fail) => open({ req, res }, req, fail), handler, onError)
}

/**
 * Returns a request listener for REST clients (West Wind's InitTokenSession). The listener opens the session of the
 * bearer token, calls `handler`, and answers if the handler throws. Requests without a valid token get 401, except for
 * `anonymous` paths.
 */
export function tokenHandler<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  handler: Handler<TokenSession<S, P, R>>,
  { onError = answerError, ...options }: TokenSessionsOptions<NodeRequest> & HandlerOptions = {},
) {
  const open = tokenOpener(manager, options, { addressOf })
  return listener(
    async (req, res, fail) => {
      const session = await open({ req, res }, req, fail)
      if (session) return { current: session }
      res.statusCode = 404
      res.end()
      return undefined
    },
    handler,
    onError,
  )
}

/**
 * Returns a function that requires a privilege. The function returns true for access. Otherwise, it redirects a guest to
 * the login page and returns false.
 * @example if (!mayViewOrders(req, res)) return
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
 * Returns a function that serves the endpoints of the option `deviceBinding`. Call it before you open the session. The
 * function returns true for a request that it has answered.
 * @example if (await bindsDevice(req, res)) return
 */
export function deviceBinding(manager: BindingManager, options: BindingOptions<NodeRequest> = {}) {
  const answer = bindingAnswerer(manager, options, { addressOf })
  return (req: IncomingMessage, res: ServerResponse): Promise<boolean> => answer({ req, res }, req)
}

/**
 * Returns a function against CSRF. Call it before you read the body of a request.
 * @throws SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links.
 */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const refuse = crossOriginCheck('crossOriginGuard()', options)
  return (req: IncomingMessage): void => refuse(nodeHead(req, null))
}

function check<S extends object>(gate: Gate<S>) {
  return (req: GatedRequest<S>, res: ServerResponse): boolean => passes(gate, req, res)
}

type Open<T> = (
  req: NodeRequest,
  res: ServerResponse,
  onError: (error: unknown) => void,
) => Promise<{ current: T } | undefined>

type OnError = NonNullable<HandlerOptions['onError']>

function listener<T>(open: Open<T>, handler: Handler<T>, onError: OnError) {
  return async function listen(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> {
    const [req, res] = [request as NodeRequest, response as ServerResponse]
    // An error of `onError` must not end the process.
    const answer = async (error: unknown) => onError(error, req, res)
    const fail = (error: unknown) => answer(error).catch((second) => answerError(second, req, res))
    try {
      const opened = await open(req, res, fail)
      if (opened) await handler(req as NodeRequest & { session: T }, res, opened.current)
    } catch (error) {
      await fail(error)
    }
  }
}

function answerError(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  const { status, headers, text } = errorAnswer(error)
  if (res.writableEnded) return
  if (res.headersSent) {
    res.destroy()
    return
  }
  forgetBody(res)
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.statusCode = status
  res.setHeader('Content-Type', 'text/plain; charset=utf-8')
  res.end(text)
}
