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
import type { OpenedRequest, SessionsOptions } from './open-request.ts'
import { FetchReply } from './reply.ts'
import { FetchRequestHead } from './request-head.ts'

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
  return async function open(
    request: Request,
    info: I,
  ): Promise<OpenedRequest<TokenSession<S, P, R> | null> | undefined> {
    const head = new FetchRequestHead(request, address(request, info))
    const path = head.url.split('?', 1)[0] ?? ''
    if (!paths.matches(path)) return undefined
    const reply = new FetchReply('', request.signal)
    reply.forbidStoring()
    // `Headers` joins several Authorization headers by a comma, which no token contains.
    const source = { isRepeated: false, onClose: reply.onClose }
    const terms = { requestId: requestId?.(request, info), timeoutSeconds }
    const current = manager && (await openTokenSession(manager, head, source, terms))
    if (!paths.isAnonymous(path)) requireToken(current)
    return {
      current,
      async settle(status) {
        if (current) await settleTokenSession(current, autoSave && status !== undefined && status < 400)
      },
      addTo: (response) => reply.addTo(response),
    }
  }
}
