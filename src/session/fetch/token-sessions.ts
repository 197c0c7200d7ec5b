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
import type { SessionsOptions } from './open-request.ts'
import { type OpenedRequest, openedRequest, sharedRequest } from './opened-request.ts'
import { FetchReply } from './reply.ts'
import { FetchRequestHead } from './request-head.ts'
import { sharePerRequest } from './shared-session.ts'

export interface TokenSessionsOptions<I> extends TokenOptions, Pick<SessionsOptions<I>, 'requestId' | 'address'> {}

/**
 * Returns a function that opens the session of a bearer token. The function returns undefined for a path that `mount`
 * does not match.
 */
export function tokenOpener<S extends object, P extends string, R extends string, I>(
  manager: Sessions<S, P, R> | null,
  options: TokenSessionsOptions<I>,
) {
  refuseUnknown('tokenSessions()', options, { ...TOKEN_OPTIONS, requestId: true, address: true })
  checkMount('tokenSessions()', manager, options)
  const { autoSave = false, timeoutSeconds, requestId, address = () => null } = options
  const paths = tokenPaths(options)
  const share = manager && sharePerRequest<TokenSession<S, P, R>>(manager.resumeToken)
  return async function open(
    request: Request,
    info: I,
  ): Promise<OpenedRequest<TokenSession<S, P, R> | null> | undefined> {
    const head = new FetchRequestHead(request, address(request, info))
    const path = head.url.split('?', 1)[0] ?? ''
    if (!paths.matches(head.url)) return undefined
    const reply = new FetchReply(request)
    reply.forbidStoring()
    // `Headers` joins several Authorization headers by a comma, which no token contains.
    const source = { isRepeated: false, onClose: reply.onClose }
    const terms = { requestId: requestId?.(request, info), timeoutSeconds }
    const result =
      manager &&
      (await share?.(request, {
        isSent: reply.headersSent,
        open: () => openTokenSession(manager, head, source, terms),
      }))
    const current = result?.session ?? null
    if (!paths.isAnonymous(path)) requireToken(current)
    if (result && !result.isFirst) return sharedRequest({ current })
    return openedRequest({ current }, reply, {
      isSettled: () => current?.isSettled ?? true,
      async settle() {
        await current?.settled()
      },
      async begin({ status }) {
        if (current) await settleTokenSession(current, autoSave && status < 400)
      },
    })
  }
}
