import type { IncomingMessage, ServerResponse } from 'node:http'
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
import { settleTokenSession } from '../http/token-request.ts'
import { type BindingOptions, bindingAnswerer } from './device-binding.ts'
import {
  checkSessions,
  type NodeRequest,
  nodeHead,
  type OpenedRequest,
  requestOpener,
  type SessionsOptions,
  showSession,
} from './open-request.ts'
import { type TokenSessionsOptions, tokenOpener } from './token-sessions.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'

/** The parts of Fastify's instance, request and reply that the plugins use. */
interface App {
  hasRequestDecorator(name: string): boolean
  decorateRequest(name: string, property: never): unknown
  addHook(name: never, hook: never): unknown
}

interface Request {
  readonly raw: IncomingMessage
  readonly ip: string
  session?: unknown
}

interface Reply {
  readonly raw: ServerResponse
  readonly statusCode: number
  readonly sent: boolean
  redirect(url: string, status: number): unknown
  hijack(): unknown
}

type Hook = (request: Request, reply: Reply, payload?: unknown) => Promise<unknown>

const addressOf = ({ ip }: Request) => ip

/**
 * Fastify 5 plugin that sets `request.session`, before the handler. The reply waits for the session. Register the plugin
 * below `tokenSessions`.
 * @param manager the result of `createSessions`. With null, `request.session` is null and no cookie is set.
 */
export function sessions<S extends object, P extends string, R extends string, Q extends Request = Request>(
  manager: Sessions<S, P, R> | null,
  options: SessionsOptions<Q> = {},
) {
  checkSessions('sessions()', manager, options)
  const open = manager && requestOpener('sessions()', manager, options, { addressOf })
  const opened = new WeakMap<IncomingMessage, OpenedRequest<unknown>>()
  return plugin('sessions', {
    async onRequest(request, reply) {
      if (request.session instanceof TokenSession) return undefined // tokenSessions() has already handled this request
      if (open === null) return void showSession(request.raw as NodeRequest, { current: null })
      const { raw: req } = request
      const found = await open({ req, res: reply.raw }, request as Q, () => reply.raw.destroy())
      if (found) opened.set(req, found)
      else reply.hijack() // the layer has answered the request itself
      return undefined
    },
    async onSend({ raw }, { statusCode }, payload) {
      const found = opened.get(raw)
      if (found?.isNeeded(statusCode)) await found.task(statusCode)
      return payload
    },
  })
}

/**
 * Fastify 5 plugin for REST clients (West Wind's InitTokenSession). Sets `request.session` to the `TokenSession` of the
 * bearer token, and uses no cookies. Register it above `sessions()`, because `sessions()` skips requests that have a
 * `TokenSession`.
 * @param manager the result of `createSessions`. With null, `request.session` is null.
 * @throws SessionError NOT_SIGNED_IN (401) without a valid token; SESSIONS_OFF (503) if `manager` is null. Requests for
 * `anonymous` paths cause no error.
 */
export function tokenSessions<S extends object, P extends string, R extends string, Q extends Request = Request>(
  manager: Sessions<S, P, R> | null,
  options: TokenSessionsOptions<Q> = {},
) {
  const open = tokenOpener(manager, options, { addressOf })
  const { autoSave = false } = options
  return plugin('tokenSessions', {
    async onRequest(request, reply) {
      await open({ req: request.raw, res: reply.raw }, request as Q, () => reply.raw.destroy())
    },
    async onSend({ session }, { statusCode }, payload) {
      if (session instanceof TokenSession) await settleTokenSession(session, autoSave && statusCode < 400)
      return payload
    },
  })
}

/**
 * Returns a `preHandler` that requires a privilege. Redirects guests without the privilege to the login page.
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user; SESSIONS_OFF (503) if the session is null.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  return guard(privilegeGate(privilege, options))
}

/** Returns a `preHandler` that requires a logged-in user. Redirects a visitor without a user to the login page. */
export function requireUser(options: LoginRedirect) {
  return guard(userGate(options))
}

/**
 * Returns a `preHandler` for step-up. It redirects to `confirmPath` unless the user authenticated on this device within
 * the last `withinMinutes` minutes. A one-time link is no authentication.
 */
export function requireRecentLogin(options: RecentLoginOptions) {
  return guard(recentLoginGate(options))
}

/**
 * Returns a `preHandler` that requires a cookie that is bound to a key of the browser (option `deviceBinding`).
 * @throws SessionError DEVICE_NOT_BOUND (403) for another cookie.
 */
export function requireDeviceBinding() {
  return guard(deviceBindingGate())
}

/** Returns an `onRequest` hook that serves the endpoints of the option `deviceBinding`. Add it before you register `sessions`. */
export function deviceBinding<Q extends Request = Request>(manager: BindingManager, options: BindingOptions<Q> = {}) {
  const answer = bindingAnswerer<Q>(manager, options, { addressOf })
  return async function deviceBinding(request: Q, reply: Pick<Reply, 'raw' | 'hijack'>): Promise<void> {
    if (await answer({ req: request.raw, res: reply.raw }, request)) reply.hijack()
  }
}

/**
 * Returns an `onRequest` hook against CSRF. Add it before you register `sessions`.
 * @throws SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links.
 */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const check = crossOriginCheck('crossOriginGuard()', options)
  return async function crossOriginGuard({ raw }: { raw: IncomingMessage }): Promise<void> {
    check(nodeHead(raw, null))
  }
}

function guard<S extends object>(gate: Gate<S>) {
  return async function requireAccess(
    { raw, session }: { raw: IncomingMessage; session?: S | null },
    reply: Pick<Reply, 'redirect'>,
  ): Promise<unknown> {
    const location = gate(session, nodeHead(raw, null))
    return location === undefined ? undefined : reply.redirect(location, 303)
  }
}

/** A plugin whose hooks apply to the instance that registers it, and not only to a scope of their own. */
function plugin(name: string, hooks: { onRequest: Hook; onSend: Hook }) {
  const register = async (app: App): Promise<void> => {
    if (!app.hasRequestDecorator('session')) app.decorateRequest('session', SESSION as never)
    for (const [event, hook] of Object.entries(hooks)) app.addHook(event as never, hook as never)
  }
  return Object.assign(register, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('plugin-meta')]: { name: `session/${name}`, fastify: '5.x' },
  })
}

const SESSION = {
  getter(this: Request) {
    return (this.raw as NodeRequest).session
  },
  setter(this: Request, session: unknown) {
    ;(this.raw as NodeRequest).session = session // throws, because an assignment would store nothing
  },
}
