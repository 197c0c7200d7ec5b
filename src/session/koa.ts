import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Carrier } from './carrier.js'
import type { Sessions } from './create-sessions.js'
import { SessionError } from './errors.js'
import { mayBeginGuest } from './guest-rule.js'
import type { Session } from './session.js'

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

/** What `requirePrivilege` needs of a context. */
export interface GatedContext {
  readonly method: string
  readonly url: string
  status: number
  redirect(url: string): void
  session?: { hasPrivilege(name: string): boolean; isGuest(): boolean } | null
}

type Next = () => Promise<unknown>

export interface SessionsOptions<C> {
  /** Whether a request counts as activity that keeps the session alive. Answer false for polls and streams. */
  touch?: (ctx: C) => boolean
}

// Everything below this middleware may show what a session holds.
const PRIVATE = 'private, no-store'

/**
 * Koa middleware that gives each request its session as `ctx.session`. It never refuses anybody: put `requirePrivilege` on what
 * needs one. Mount the cross-origin guard, assets and health checks above it.
 * @param manager from `createSessions`; null runs without sessions: `ctx.session` is null and no cookie is ever set.
 */
export function sessions<S extends object, P extends string, C extends SessionContext<S, P>>(
  manager: Sessions<S, P> | null,
  { touch = () => true }: SessionsOptions<C> = {},
) {
  return async function sessions(ctx: C, next: Next): Promise<void> {
    if (manager === null) {
      ctx.session = null
      await next()
      return
    }
    const { res } = ctx
    addVary(res)
    res.setHeader('Cache-Control', PRIVATE)
    const carrier = carrierOf(manager.cookieName, ctx, touch(ctx))
    ctx.session = await manager.resume(carrier)
    try {
      await next()
      if (manager.beginsAtFirstRequest) await ctx.session.beginIfAllowed()
    } catch (error) {
      throw keepingHeaders(res, error)
    }
    if (!res.headersSent) makePrivate(res)
  }
}

export interface RequirePrivilegeOptions {
  /** Where guests go to sign in; they come back afterwards by the parameter `next`. */
  loginPath: string
}

/**
 * Koa middleware that lets only sessions with this privilege pass. A guest is sent to sign in; a signed-in user gets
 * PRIVILEGE_MISSING (403). Throws SESSIONS_OFF (503) when the server runs without sessions.
 */
export function requirePrivilege<P extends string>(privilege: P, { loginPath }: RequirePrivilegeOptions) {
  return async function requirePrivilege(ctx: GatedContext, next: Next): Promise<void> {
    const { session } = ctx
    if (session === undefined) throw new TypeError('requirePrivilege() found no session: mount sessions() above it.')
    if (session === null)
      throw new SessionError('SESSIONS_OFF', 'This page needs a session, and the server runs without sessions.')
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
    ctx.status = 303
    const canComeBack = ctx.method === 'GET' || ctx.method === 'HEAD'
    ctx.redirect(canComeBack ? `${loginPath}?next=${encodeURIComponent(ctx.url)}` : loginPath)
  }
}

function carrierOf(cookieName: string, ctx: RequestContext, countsAsActivity: boolean): Carrier {
  const { req, res } = ctx
  const { headers } = req
  return {
    cookieHeader: headers.cookie,
    countsAsActivity,
    mayBeginGuest: mayBeginGuest({
      method: ctx.method,
      host: headers.host,
      origin: headers.origin,
      fetchMode: text(headers['sec-fetch-mode']),
      fetchSite: text(headers['sec-fetch-site']),
      fetchDestination: text(headers['sec-fetch-dest']),
      purpose: text(headers['sec-purpose']) ?? text(headers.purpose),
    }),
    device: headers['user-agent'] ?? null,
    address: ctx.ip,
    headersSent: () => res.headersSent,
    setCookie: (header) => setSessionCookie(res, cookieName, header),
    setCurrent: (session) => {
      ctx.session = session
    },
    onClose: (run) => {
      if (res.closed) run()
      else res.once('close', run)
    },
  }
}

/** Replaces the session's Set-Cookie and leaves the others alone. */
function setSessionCookie(res: ServerResponse, name: string, header: string): void {
  const others = setCookies(res).filter((cookie) => !cookie.startsWith(`${name}=`))
  res.setHeader('Set-Cookie', [...others, header])
}

function setCookies(res: ServerResponse): string[] {
  const value = res.getHeader('Set-Cookie')
  return Array.isArray(value) ? value : value === undefined ? [] : [String(value)]
}

function addVary(res: ServerResponse): void {
  const vary = res.getHeader('Vary')
  if (vary === undefined) res.setHeader('Vary', 'Cookie')
  else if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(String(vary))) res.setHeader('Vary', `${vary}, Cookie`)
}

/** An answer with a session cookie is never for a shared cache, whatever the handler said. */
function makePrivate(res: ServerResponse): void {
  if (!res.hasHeader('Set-Cookie')) return
  if (!/private|no-store/i.test(String(res.getHeader('Cache-Control') ?? ''))) res.setHeader('Cache-Control', PRIVATE)
  addVary(res)
}

/** Koa drops all headers when a handler throws, except those on `error.headers`: the cookie must not get lost there. */
function keepingHeaders(res: ServerResponse, thrown: unknown): unknown {
  const cookies = setCookies(res)
  if (cookies.length === 0) return thrown
  const error =
    thrown instanceof Error && Object.isExtensible(thrown)
      ? thrown
      : new Error('A handler threw something else than an error.', { cause: thrown })
  const carrying = error as Error & { headers?: Record<string, unknown> }
  carrying.headers = { ...carrying.headers, 'Set-Cookie': cookies, 'Cache-Control': PRIVATE, Vary: 'Cookie' }
  return carrying
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
