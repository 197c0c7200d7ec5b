import type { IncomingMessage, ServerResponse } from 'node:http'
import { notSignedIn, SessionError } from '../core/errors.ts'
import { lifetimeMilliseconds } from '../core/lifetime.ts'
import type { TokenRequest } from '../core/resume-token.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import type { TokenSession } from '../core/token-session.ts'
import { refuseUnknown } from '../known-options.ts'
import { withSession } from './current-session.ts'
import type { Fits, SessionFor } from './fits.ts'
import { checkMount } from './mount-options.ts'
import { onClose } from './on-close.ts'
import { sharePerRequest } from './shared-session.ts'

/** The parts of a Koa context that `tokenSessions` uses. The middleware sets `session`. */
export interface TokenContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly path: string
  readonly ip: string
  /** A `TokenSession` for paths that `mount` matches; null when the server runs without sessions. */
  session?: unknown
}

export interface TokenSessionsOptions<C> {
  /** The path of the API. '/api' matches '/api' and all paths below it. Default '': every path. */
  mount?: string
  /** Saves the session variables after a successful handler. Default false, so that only `save()` saves (West Wind). */
  autoSave?: boolean
  /** Idle timeout of sign-ins in seconds. Default 1800 (West Wind). */
  timeoutSeconds?: number
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (ctx: C) => string
  /** Paths below `mount` that need no token. Case is ignored. Default: testpage, signin, signout (West Wind). */
  anonymous?: readonly string[]
}

type Next = () => Promise<unknown>

const KNOWN = { mount: true, autoSave: true, timeoutSeconds: true, requestId: true, anonymous: true } as const

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
  refuseUnknown('tokenSessions()', options, KNOWN)
  checkMount('tokenSessions()', manager, options)
  const {
    mount = '',
    autoSave = false,
    timeoutSeconds,
    requestId,
    anonymous = ['testpage', 'signin', 'signout'],
  } = options
  if (timeoutSeconds !== undefined)
    lifetimeMilliseconds('tokenSessions(): timeoutSeconds', timeoutSeconds, 'seconds', 1)
  if (mount !== '' && !/^(\/[^/?#]+)+$/.test(mount))
    throw new TypeError(
      `tokenSessions(): mount begins with "/" and does not end with "/", got ${JSON.stringify(mount)}.`,
    )
  if (!Array.isArray(anonymous) || !anonymous.every((name) => typeof name === 'string' && !name.startsWith('/')))
    throw new TypeError(
      `tokenSessions(): anonymous is a list of paths without the mount and without a leading "/", such as 'signin'; got ${JSON.stringify(anonymous)}.`,
    )
  const open = new Set(anonymous.map((name) => `${mount}/${name}`.toLowerCase()))

  const share = manager && sharePerRequest<TokenSession<S, P, R>>(manager.resumeToken)

  return async function tokenSessions<D extends C>(
    ctx: D & Fits<D, SessionFor<M, Session<S, P, R>>>,
    next: Next,
  ): Promise<void> {
    const { path } = ctx
    if (path !== mount && !path.startsWith(`${mount}/`)) {
      await next()
      return
    }
    const isAnonymous = open.has(path.toLowerCase())
    if (manager === null || share === null) {
      await withSession(ctx, { current: null }, async () => {
        if (!isAnonymous)
          throw new SessionError('SESSIONS_OFF', 'This API needs sessions, and the server runs without sessions.')
        await next()
      })
      return
    }
    const session = await share(ctx, async () => {
      ctx.res.setHeader('Cache-Control', 'no-store')
      return manager.resumeToken(requestOf(ctx, requestId?.(ctx)), timeoutSeconds)
    })
    await withSession(ctx, { current: session }, async () => {
      if (session.via === undefined && !isAnonymous) throw notSignedIn()
      await next()
      await session.settled()
      if (autoSave && session.via !== undefined) await session.save()
    })
  }
}

function requestOf({ req, res, ip }: Omit<TokenContext, 'session'>, requestId: string | undefined): TokenRequest {
  const { headers } = req
  return {
    authorization: isRepeated(req) ? undefined : headers.authorization,
    requestId,
    device: headers['user-agent'] ?? null,
    address: ip,
    onClose: (run) => onClose(res, run),
  }
}

/** Whether the request has several Authorization headers. Node's `headers` contains only the first of them. */
function isRepeated({ rawHeaders }: IncomingMessage): boolean {
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  return names.filter((name) => name.toLowerCase() === 'authorization').length > 1
}
