import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../core/exchange.ts'
import { isOwnForm, isPrefetch, mayBeginGuest, type RequestFacts } from '../core/guest-rule.ts'
import { isPlainHttp, type TransportFacts } from '../core/plain-http.ts'
import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { TokenSession } from '../core/token-session.ts'
import { refuseUnknown } from '../known-options.ts'
import { withSession } from './current-session.ts'
import type { Fits, SessionFor } from './fits.ts'
import { LINK_PARAMETER, REPLACE_PARAMETER } from './link-parameters.ts'
import { checkMount } from './mount-options.ts'
import { onClose } from './on-close.ts'
import { forbidCaching, sessionCookieSetter } from './response-head.ts'
import { sharePerRequest } from './shared-session.ts'

export { LINK_PARAMETER, REPLACE_PARAMETER } from './link-parameters.ts'
export { type GatedContext, requirePrivilege, requireRecentLogin, requireUser } from './require.ts'
export { type TokenContext, type TokenSessionsOptions, tokenSessions } from './token-sessions.ts'

/** The parts of a Koa context that `sessions` uses. The middleware sets `session`. */
export interface SessionContext<
  S extends object = Record<string, unknown>,
  P extends string = string,
  R extends string = string,
> extends RequestContext {
  session: Session<S, P, R>
}

interface RequestContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  readonly url: string
  readonly ip: string
  /** Whether the client uses HTTPS. Used only for a warning. */
  readonly secure?: boolean
  status: number
  redirect(url: string): void
  session?: unknown
}

type Next = () => Promise<unknown>

export interface SessionsOptions<C> {
  /** Whether a request extends the idle timeout. Return false for polls and streams. Default: always true. */
  touch?: (ctx: C) => boolean
  /**
   * Whether a request may redeem a one-time link. Return false for URLs without a page, because a link that is redeemed
   * there is lost to the user. A link that is bound to a path is also valid below this path. Default: always true.
   */
  opensLinks?: (ctx: C) => boolean
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (ctx: C) => string
  /**
   * Called after the handler, even if the handler threw (JADE's epilog of processRequest). `arrived` describes the
   * session in the cookie of the request. If a new session has replaced this session, `startTime` and `lastAccessTime`
   * are null, and the application may remove the replaced session. This option adds two store calls to each request. An
   * error of the function becomes a `warning` event.
   */
  onRequestEnd?: (arrived: SessionDescription, ctx: C) => unknown
}

/**
 * Koa middleware that sets `ctx.session`. Mount it below assets, health checks, `tokenSessions` and the CSRF guard.
 * @param manager the result of `createSessions`. With null, `ctx.session` is null and no cookie is set.
 */
export function sessions<
  S extends object,
  P extends string,
  C extends RequestContext,
  R extends string = string,
  M extends object | null = Sessions<S, P, R>,
>(manager: M & (Sessions<S, P, R> | null), options: SessionsOptions<C> = {}) {
  refuseUnknown('sessions()', options, { touch: true, opensLinks: true, requestId: true, onRequestEnd: true })
  checkMount('sessions()', manager, options)
  const { touch = () => true, opensLinks = () => true, requestId, onRequestEnd } = options
  type Shared = { current: Session<S, P, R> }
  const share = manager && sharePerRequest<Shared | undefined>(manager.resume)

  return async function sessions<D extends C>(
    ctx: D & Fits<D, SessionFor<M, Session<S, P, R>>>,
    next: Next,
  ): Promise<void> {
    if (ctx.session instanceof TokenSession) {
      await next() // tokenSessions() has already handled this request
      return
    }
    if (manager === null || share === null) {
      await withSession(ctx, { current: null }, next)
      return
    }
    const shared = await share(ctx, async () => {
      const found = prepareResponse(ctx)
      if (!found) return undefined
      const link: Link = opensLinks(ctx) ? found : { ...found, linkUse: 'none' }
      let opened: Shared | undefined
      const setCurrent = (next: object) => {
        if (opened) opened.current = next as Session<S, P, R>
      }
      const exchange = exchangeOf(manager, ctx, touch(ctx), link, requestId?.(ctx), setCurrent)
      opened = { current: await manager.resume(exchange) }
      return opened
    })
    if (!shared) return
    await withSession(ctx, shared, async () => {
      const session = shared.current
      try {
        await next()
      } finally {
        await session.settled() // A login that the handler did not await can still set its cookie.
        if (onRequestEnd) await manager.requestEnded(session, (arrived) => onRequestEnd(arrived, ctx))
      }
      if (manager.beginsAtFirstRequest && showsPage(ctx)) await session.beginIfAllowed()
    })
  }
}

/**
 * Returns whether the response begins a guest's session if the request may begin one. Status 204 and errors begin no
 * session. The only exception is status 400 for a GET without cookies, because 4D then begins a guest's session.
 */
function showsPage({ req, method, status }: RequestContext): boolean {
  if (status === 400) return method === 'GET' && req.headers.cookie === undefined
  return status < 400 && status !== 204
}

function exchangeOf(
  { cookieName, cookieScope }: Pick<Sessions, 'cookieName' | 'cookieScope'>,
  ctx: RequestContext,
  countsAsActivity: boolean,
  link: Link,
  requestId: string | undefined,
  setCurrent: (session: object) => void,
): Exchange {
  const { req, res } = ctx
  const { headers } = req
  const facts = factsOf(ctx)
  return {
    cookieHeader: headers.cookie,
    countsAsActivity,
    requestId,
    ...link,
    mayBeginGuest: mayBeginGuest(facts, cookieScope),
    isOwnForm: isOwnForm(facts, cookieScope),
    device: headers['user-agent'] ?? null,
    address: ctx.ip,
    isPlainHttp: () => isPlainHttp(transportOf(ctx)),
    headersSent: () => res.headersSent,
    setCookie: sessionCookieSetter(res, cookieName),
    setCurrent,
    onClose: (run) => onClose(res, run),
  }
}

function factsOf({ method, req }: RequestContext): RequestFacts {
  const { headers } = req
  return {
    method,
    host: headers.host ?? text(headers[':authority']),
    origin: headers.origin,
    fetchMode: text(headers['sec-fetch-mode']),
    fetchSite: text(headers['sec-fetch-site']),
    fetchDestination: text(headers['sec-fetch-dest']),
    purpose: purposeOf(req),
    accept: headers.accept,
  }
}

function transportOf({ req, secure = false }: RequestContext): TransportFacts {
  const { headers, socket } = req
  return {
    encrypted: secure || 'encrypted' in socket,
    remoteAddress: socket.remoteAddress,
    host: headers.host ?? text(headers[':authority']),
    forwarded: headers.forwarded,
    forwardedProto: text(headers['x-forwarded-proto']),
    forwardedHost: text(headers['x-forwarded-host']),
    fetchSite: text(headers['sec-fetch-site']),
  }
}

type Link = Pick<Exchange, 'path' | 'oneTimeToken' | 'linkUse' | 'replacesUser'>

/**
 * Sets the headers of a response with a session, and reads the one-time link of the request.
 * @returns undefined for the prefetch of a link. The response then has the status 503.
 */
function prepareResponse(ctx: RequestContext): Link | undefined {
  const { res, url, method, req } = ctx
  forbidCaching(res)
  const question = url.indexOf('?')
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? undefined : new URLSearchParams(url.slice(question + 1))
  const tokens = query?.getAll(LINK_PARAMETER) ?? []
  const isPrefetched = isPrefetch(purposeOf(req))
  if (tokens.length > 0) {
    if (isPrefetched) {
      ctx.status = 503 // Otherwise, a browser could show the prefetched page instead of opening the link.
      return undefined
    }
    // Keeps the token out of the Referer. `no-referrer` would also remove the Origin of the confirming POST.
    res.setHeader('Referrer-Policy', 'strict-origin')
  }
  const opensNothing = method === 'HEAD' || method === 'OPTIONS' || isPrefetched
  return {
    path,
    oneTimeToken: tokens.length === 1 ? tokens[0] : undefined,
    linkUse: opensNothing ? 'none' : method === 'GET' ? 'open' : 'confirm',
    replacesUser: query?.get(REPLACE_PARAMETER) === '1',
  }
}

function purposeOf({ headers }: IncomingMessage): string | undefined {
  return text(headers['sec-purpose']) ?? text(headers.purpose) ?? text(headers['x-purpose']) ?? text(headers['x-moz'])
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
