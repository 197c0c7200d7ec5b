import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import type { TokenSession } from '../core/token-session.ts'
import { checkMount } from '../http/mount-options.ts'
import {
  openTokenSession,
  requireToken,
  settleTokenSession,
  TOKEN_OPTIONS,
  type TokenOptions,
  tokenPaths,
} from '../http/token-request.ts'
import { refuseUnknown } from '../known-options.ts'
import { onClose } from '../node-http/on-close.ts'
import { NodeRequestHead, repeatsAuthorization } from '../node-http/request.ts'
import { sharePerRequest } from '../node-http/shared-session.ts'
import type { Fits, SessionFor } from './fits.ts'
import { withSession } from './with-session.ts'

/** The parts of a Koa context that `tokenSessions` uses. The middleware sets `session`. */
export interface TokenContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly path: string
  readonly ip: string
  /** A `TokenSession` for paths that `mount` matches; null when the server runs without sessions. */
  session?: unknown
}

export interface TokenSessionsOptions<C> extends TokenOptions {
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (ctx: C) => string
}

type Next = () => Promise<unknown>

/**
 * Koa middleware for REST clients (West Wind's InitTokenSession). Sets `ctx.session` to the `TokenSession` of the
 * bearer token, and uses no cookies. Mount it above `sessions()`, because `sessions()` skips requests that have a
 * `TokenSession`.
 * @param manager the result of `createSessions`. With null, `ctx.session` is null.
 * @throws SessionError NOT_SIGNED_IN (401) without a valid token; SESSIONS_OFF (503) if `manager` is null. Requests for
 * `anonymous` paths cause no error.
 */
export function tokenSessions<
  S extends object,
  P extends string,
  C extends TokenContext,
  R extends string = string,
  M extends object | null = Sessions<S, P, R>,
>(manager: M & (Sessions<S, P, R> | null), options: TokenSessionsOptions<C> = {}) {
  refuseUnknown('tokenSessions()', options, { ...TOKEN_OPTIONS, requestId: true })
  checkMount('tokenSessions()', manager, options)
  const { autoSave = false, timeoutSeconds, requestId } = options
  const paths = tokenPaths(options)
  const share = manager && sharePerRequest<TokenSession<S, P, R>>(manager.resumeToken)

  return async function tokenSessions<D extends C>(
    ctx: D & Fits<D, SessionFor<M, Session<S, P, R>>>,
    next: Next,
  ): Promise<void> {
    const { path, req, res } = ctx
    if (!paths.matches(path)) {
      await next()
      return
    }
    const session =
      share &&
      (await share(ctx, async () => {
        res.setHeader('Cache-Control', 'no-store')
        const reply = { isRepeated: repeatsAuthorization(req), onClose: (run: () => void) => onClose(res, run) }
        return openTokenSession(manager as Sessions<S, P, R>, headOf(ctx), reply, {
          requestId: requestId?.(ctx),
          timeoutSeconds,
        })
      }))
    await withSession(ctx, { current: session }, async () => {
      if (!paths.isAnonymous(path)) requireToken(session)
      await next()
      if (session) await settleTokenSession(session, autoSave)
    })
  }
}

function headOf({ req, path, ip }: TokenContext): NodeRequestHead {
  return new NodeRequestHead(req, { method: req.method ?? '', url: path, address: ip, encrypted: false })
}
