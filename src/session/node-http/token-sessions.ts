import type { ServerResponse } from 'node:http'
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
import { beforeEnd } from './before-end.ts'
import { onClose } from './on-close.ts'
import { type NodeRequest, nodeHead, showSession } from './open-request.ts'
import { repeatsAuthorization } from './request.ts'
import { sharePerRequest } from './shared-session.ts'

export interface TokenSessionsOptions<Q> extends TokenOptions {
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (req: Q) => string
  /** Returns the client's IP address. Default: `req.ip` (Express), or the other end of the connection. */
  address?: (req: Q) => string | null
}

/**
 * Returns a function that opens the session of a bearer token and sets `req.session`. The function returns undefined
 * for a path that `mount` does not match.
 */
export function tokenOpener<S extends object, P extends string, R extends string, Q>(
  manager: Sessions<S, P, R> | null,
  options: TokenSessionsOptions<Q>,
  { addressOf }: { addressOf: (request: Q) => string | null },
) {
  refuseUnknown('tokenSessions()', options, { ...TOKEN_OPTIONS, requestId: true, address: true })
  checkMount('tokenSessions()', manager, options)
  const { autoSave = false, timeoutSeconds, requestId, address = addressOf } = options
  const paths = tokenPaths(options)
  const share = manager && sharePerRequest<TokenSession<S, P, R>>(manager.resumeToken)

  return async function open(
    { req, res }: { req: NodeRequest; res: ServerResponse },
    request: Q,
    onError: (error: unknown) => void,
  ): Promise<TokenSession<S, P, R> | null | undefined> {
    // The application may have rewritten the URL, and a router may have removed its mount path.
    const url = [req.url, req.originalUrl].find((one) => one !== undefined && paths.matches(one))
    if (url === undefined) return undefined
    const path = url.split('?', 1)[0] ?? ''
    let session: TokenSession<S, P, R> | null = null
    if (manager && share) {
      session = await share({ req, res }, async () => {
        const head = nodeHead(req, address(request))
        res.setHeader('Cache-Control', 'no-store')
        const reply = { isRepeated: repeatsAuthorization(req), onClose: (run: () => void) => onClose(res, run) }
        const terms = { requestId: requestId?.(request), timeoutSeconds }
        const opened = await openTokenSession(manager, head, reply, terms)
        const saves = (status: number) => autoSave && status < 400
        beforeEnd(res, {
          isNeeded: (status) => saves(status) || !opened.isSettled,
          task: (status) => settleTokenSession(opened, saves(status)),
          onError,
        })
        return opened
      })
    }
    showSession(req, { current: session })
    if (!paths.isAnonymous(path)) requireToken(session)
    return session
  }
}
