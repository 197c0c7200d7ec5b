import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { TokenSession } from '../core/token-session.ts'
import { checkMount } from '../http/mount-options.ts'
import { beginsGuest, isOwnAnswer, type Opened, openSession } from '../http/open-session.ts'
import type { OwnAnswer } from '../http/own-answer.ts'
import { refuseUnknown } from '../known-options.ts'
import { NodeRequestHead, nodeReply } from '../node-http/request.ts'
import { sharePerRequest } from '../node-http/shared-session.ts'
import { sendAnswer } from './device-binding.ts'
import type { Fits, SessionFor } from './fits.ts'
import { withSession } from './with-session.ts'

export type { CrossOriginOptions } from '../http/cross-origin.ts'
export { LINK_PARAMETER, REPLACE_PARAMETER } from '../http/link-parameters.ts'
export { safeNext } from '../http/safe-next.ts'
export { deviceBinding } from './device-binding.ts'
export {
  crossOriginGuard,
  type GatedContext,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
} from './require.ts'
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
  body: unknown
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
  const share = manager && sharePerRequest<Opened<Session<S, P, R>> | OwnAnswer>(manager.resume)

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
    const head = headOf(ctx)
    const shared = await share(ctx, () => {
      const activity = { countsAsActivity: touch(ctx), opensLinks: opensLinks(ctx), requestId: requestId?.(ctx) }
      return openSession(manager, head, nodeReply(ctx.res), activity)
    })
    if (isOwnAnswer(shared)) {
      sendAnswer(ctx, shared)
      return
    }
    await withSession(ctx, shared, async () => {
      const session = shared.current
      try {
        await next()
      } finally {
        await session.settled() // A login that the handler did not await can still set its cookie.
        if (onRequestEnd) await manager.requestEnded(session, (arrived) => onRequestEnd(arrived, ctx))
      }
      if (beginsGuest(manager, session, head, ctx.status)) await session.beginIfAllowed()
    })
  }
}

function headOf({ req, method, url, ip, secure = false }: RequestContext): NodeRequestHead {
  return new NodeRequestHead(req, { method, url, address: ip, encrypted: secure || 'encrypted' in req.socket })
}
