import type { IncomingMessage, ServerResponse } from 'node:http'
import { notSignedIn, SessionError } from '../core/errors.ts'
import type { TokenRequest } from '../core/resume-token.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { onClose } from './on-close.ts'

/** What this glue needs of a Koa context. Koa's own fits; `session` is what it adds. */
export interface TokenContext<S extends object = Record<string, unknown>, P extends string = string> {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly path: string
  readonly ip: string
  /** A `TokenSession` below the mount; null when the server runs without sessions. */
  session: Session<S, P> | null
}

export interface TokenSessionsOptions<C> {
  /** Where the API is: '/api' stands for it and all below. Default '': everywhere. */
  mount?: string
  /** Keeps the variables that a handler has set without `save()`, when it did not throw. Default false (West Wind). */
  autoSave?: boolean
  /** Seconds without a request after which a sign-in's session closes. Default 1800 (West Wind). */
  timeoutSeconds?: number
  /** What the application's log calls a request: it stands in the events that the request causes. */
  requestId?: (ctx: C) => string
  /** The requests that need no token: whole paths below the mount, in any case. Default testpage, signin and signout (West Wind). */
  anonymous?: readonly string[]
}

type RequestOf = Pick<TokenContext, 'req' | 'res' | 'ip'>
type Next = () => Promise<unknown>

/**
 * Koa middleware for REST clients (West Wind's InitTokenSession): finds the session of the bearer token as `ctx.session`, a
 * `TokenSession`. Without a live token only the anonymous requests get on; all others throw NOT_SIGNED_IN (401). Never reads or sets a
 * cookie, and writes nothing for a request without a live token. Mount it above `sessions()`, which leaves its requests alone.
 * @param manager from `createSessions`; null runs without sessions: `ctx.session` is null and only anonymous requests get on.
 */
export function tokenSessions<S extends object, P extends string, C extends TokenContext<S, P>>(
  manager: Sessions<S, P> | null,
  {
    mount = '',
    autoSave = false,
    timeoutSeconds,
    requestId,
    anonymous = ['testpage', 'signin', 'signout'],
  }: TokenSessionsOptions<C> = {},
) {
  if (timeoutSeconds !== undefined && !(Number.isFinite(timeoutSeconds) && timeoutSeconds > 0))
    throw new TypeError(`tokenSessions(): timeoutSeconds is a number above 0, got ${timeoutSeconds}.`)
  if (mount !== '' && !/^(\/[^/?#]+)+$/.test(mount))
    throw new TypeError(
      `tokenSessions(): mount begins with "/" and does not end with one, got ${JSON.stringify(mount)}.`,
    )
  const open = new Set(anonymous.map((name) => `${mount}/${name}`.toLowerCase()))

  return async function tokenSessions(ctx: C, next: Next): Promise<void> {
    const { path } = ctx
    if (path !== mount && !path.startsWith(`${mount}/`)) {
      await next()
      return
    }
    const isAnonymous = open.has(path.toLowerCase())
    if (manager === null) {
      ctx.session = null
      if (!isAnonymous)
        throw new SessionError('SESSIONS_OFF', 'This API needs sessions, and the server runs without sessions.')
      await next()
      return
    }
    ctx.res.setHeader('Cache-Control', 'no-store')
    const session = await manager.resumeToken(requestOf(ctx, requestId?.(ctx)), timeoutSeconds)
    ctx.session = session
    if (session.isNew && !isAnonymous) throw notSignedIn()
    await next()
    await session.settled()
    if (autoSave && session.via !== undefined) await session.save()
  }
}

function requestOf({ req, res, ip }: RequestOf, requestId: string | undefined): TokenRequest {
  const { headers } = req
  return {
    authorization: isRepeated(req) ? undefined : headers.authorization,
    requestId,
    device: headers['user-agent'] ?? null,
    address: ip,
    onClose: (run: () => void) => onClose(res, run),
  }
}

/** Two Authorization headers say two things. Node shows the first one only. */
function isRepeated({ rawHeaders }: IncomingMessage): boolean {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() === 'authorization') seen++
  return seen > 1
}
