import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../core/exchange.ts'
import { isPrefetch, mayBeginGuest } from '../core/guest-rule.ts'
import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { onClose } from './on-close.ts'

export { type GatedContext, requirePrivilege, requireRecentLogin } from './require.ts'
export { type TokenContext, type TokenSessionsOptions, tokenSessions } from './token-sessions.ts'

/** What this glue needs of a Koa context. Koa's own fits; `session` is what it adds. */
export interface SessionContext<S extends object = Record<string, unknown>, P extends string = string> {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  readonly url: string
  readonly ip: string
  status: number
  redirect(url: string): void
  /** The request's session; null when the server runs without sessions. */
  session: Session<S, P> | null
}

/** The part that does not depend on what an application stores. */
type RequestContext = Omit<SessionContext, 'session'> & { session: unknown }

type Next = () => Promise<unknown>

export interface SessionsOptions<C> {
  /** Whether a request counts as activity that keeps the session alive. Answer false for polls and streams. */
  touch?: (ctx: C) => boolean
  /** What the application's log calls a request: it stands in the events that the request causes. */
  requestId?: (ctx: C) => string
  /**
   * Called when the handler is done, also when it threw, with the session that the request came with, as it is now (JADE's epilog of
   * processRequest). One that was replaced, by this request or before it, has both times null: an application may
   * remove it here. Costs a lookup for each request. What it throws is reported as a warning.
   */
  onRequestEnd?: (arrived: SessionDescription, ctx: C) => unknown
}

/** The URL parameter of a one-time link (4D). */
export const LINK_PARAMETER = '$4DSID'
/** Beside it on the POST of a confirmation page: "1" leaves another user's session for the link's. */
export const REPLACE_PARAMETER = '$4DSID.replace'

// Everything below this middleware may show what a session holds.
const PRIVATE = 'private, no-store'

/**
 * Koa middleware that gives each request its session as `ctx.session`. It never refuses a request: put `requirePrivilege` on what
 * needs one. Mount the cross-origin guard, assets and health checks above it; and `tokenSessions`, whose requests it leaves alone.
 * @param manager from `createSessions`; null runs without sessions: `ctx.session` is null and no cookie is ever set.
 */
export function sessions<S extends object, P extends string, C extends SessionContext<S, P>>(
  manager: Sessions<S, P> | null,
  { touch = () => true, requestId, onRequestEnd }: SessionsOptions<C> = {},
) {
  return async function sessions(ctx: C, next: Next): Promise<void> {
    if (ctx.session?.kind === 'rest') {
      await next() // tokenSessions() above has seen to this one
      return
    }
    if (manager === null) {
      ctx.session = null
      await next()
      return
    }
    const { res } = ctx
    addVary(res)
    res.setHeader('Cache-Control', PRIVATE)
    const link = readLink(ctx)
    if (link.isInUrl) {
      if (link.isPrefetch) {
        ctx.status = 503 // a browser would show this answer later, without asking again
        return
      }
      // The token must not travel on in a Referer; `no-referrer` would take the Origin from the form on such a page.
      res.setHeader('Referrer-Policy', 'strict-origin')
    }
    const session = await manager.resume(exchangeOf(manager.cookieName, ctx, touch(ctx), link, requestId?.(ctx)))
    ctx.session = session
    try {
      await next()
    } finally {
      await session.settled() // a handler that forgot to await a login must not answer before its cookie is known
      if (onRequestEnd) await manager.requestEnded(session, (arrived) => onRequestEnd(arrived, ctx))
    }
    if (manager.beginsAtFirstRequest && ctx.status < 400 && ctx.status !== 204) await session.beginIfAllowed()
  }
}

function exchangeOf(
  cookieName: string,
  ctx: RequestContext,
  countsAsActivity: boolean,
  link: Link,
  requestId: string | undefined,
): Exchange {
  const { req, res } = ctx
  const { headers } = req
  return {
    cookieHeader: headers.cookie,
    countsAsActivity,
    requestId,
    oneTimeToken: link.token,
    path: link.path,
    linkUse: link.use,
    replacesUser: link.replacesUser,
    mayBeginGuest: mayBeginGuest({
      method: ctx.method,
      host: headers.host ?? text(headers[':authority']),
      origin: headers.origin,
      fetchMode: text(headers['sec-fetch-mode']),
      fetchSite: text(headers['sec-fetch-site']),
      fetchDestination: text(headers['sec-fetch-dest']),
      purpose: purposeOf(req),
      accept: headers.accept,
    }),
    device: headers['user-agent'] ?? null,
    address: ctx.ip,
    headersSent: () => res.headersSent,
    setCookie: sessionCookieSetter(res, cookieName),
    setCurrent: (session) => {
      ctx.session = session
    },
    onClose: (run) => onClose(res, run),
  }
}

interface Link {
  path: string
  isInUrl: boolean
  token: string | undefined
  use: Exchange['linkUse']
  isPrefetch: boolean
  replacesUser: boolean
}

/** What a URL says of a one-time link. Twice the parameter is none: it is not known which one is meant. */
function readLink({ url, method, req }: RequestContext): Link {
  const question = url.indexOf('?')
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? undefined : new URLSearchParams(url.slice(question + 1))
  const tokens = query?.getAll(LINK_PARAMETER) ?? []
  const ahead = isPrefetch(purposeOf(req))
  const idle = method === 'HEAD' || method === 'OPTIONS' || ahead
  return {
    path,
    isInUrl: tokens.length > 0,
    token: tokens.length === 1 ? tokens[0] : undefined,
    use: idle ? 'none' : method === 'GET' ? 'open' : 'confirm',
    isPrefetch: ahead,
    replacesUser: query?.get(REPLACE_PARAMETER) === '1',
  }
}

function purposeOf({ headers }: IncomingMessage): string | undefined {
  return text(headers['sec-purpose']) ?? text(headers.purpose) ?? text(headers['x-purpose']) ?? text(headers['x-moz'])
}

/**
 * Puts the session's cookie on the answer at the last moment, when its head is written: Koa drops all headers when a handler
 * throws, and handlers may overwrite Set-Cookie. The cookie never travels on an error object, which may be one for many requests.
 */
function sessionCookieSetter(res: ServerResponse, name: string): (header: string) => void {
  let header: string | undefined
  return (newest) => {
    if (header === undefined) beforeHead(res, () => putCookie(res, name, header ?? ''))
    header = newest
    putCookie(res, name, header)
  }
}

function beforeHead(res: ServerResponse, run: () => void): void {
  const writeHead = res.writeHead
  res.writeHead = function writeHeadWithCookie(this: ServerResponse, ...parameters: never[]) {
    res.writeHead = writeHead
    run()
    return Reflect.apply(writeHead, res, parameters)
  } as typeof res.writeHead
}

/** Replaces the session's Set-Cookie and leaves others alone; an answer with it is never for a shared cache. */
function putCookie(res: ServerResponse, name: string, header: string): void {
  const value = res.getHeader('Set-Cookie')
  const present = Array.isArray(value) ? value : value === undefined ? [] : [String(value)]
  res.setHeader('Set-Cookie', [...present.filter((cookie) => !cookie.startsWith(`${name}=`)), header])
  if (!/private|no-store/i.test(String(res.getHeader('Cache-Control') ?? ''))) res.setHeader('Cache-Control', PRIVATE)
  addVary(res)
}

function addVary(res: ServerResponse): void {
  const vary = res.getHeader('Vary')
  if (vary === undefined) res.setHeader('Vary', 'Cookie')
  else if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(String(vary))) res.setHeader('Vary', `${vary}, Cookie`)
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
