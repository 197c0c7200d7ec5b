import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { checkMount } from '../http/mount-options.ts'
import { beginsGuest, isOwnAnswer, type Opened, openSession } from '../http/open-session.ts'
import type { OwnAnswer } from '../http/own-answer.ts'
import { refuseUnknown } from '../known-options.ts'
import { type OpenedRequest, openedRequest, sharedRequest } from './opened-request.ts'
import { FetchReply, responseOf } from './reply.ts'
import { FetchRequestHead } from './request-head.ts'
import { sharePerRequest } from './shared-session.ts'

/** `I` is what the server passes beside the request, for instance the connection (Deno) or the server (Bun). */
export interface SessionsOptions<I> {
  /** Whether a request extends the idle timeout. Return false for polls and streams. Default: always true. */
  touch?: (request: Request, info: I) => boolean
  /**
   * Whether a request may redeem a one-time link. Return false for URLs without a page, because a link that is redeemed
   * there is lost to the user. A link that is bound to a path is also valid below this path. Default: always true.
   */
  opensLinks?: (request: Request, info: I) => boolean
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (request: Request, info: I) => string
  /** Returns the client's IP address. Default: unknown (null), because a `Request` does not contain the address. */
  address?: (request: Request, info: I) => string | null
  /**
   * Called after the handler, even if the handler threw (JADE's epilog of processRequest). `arrived` describes the
   * session in the cookie of the request. If a new session has replaced this session, `startTime` and `lastAccessTime`
   * are null, and the application may remove the replaced session. This option adds two store calls to each request. An
   * error of the function becomes a `warning` event.
   */
  onRequestEnd?: (arrived: SessionDescription, request: Request) => unknown
}

const KNOWN = { touch: true, opensLinks: true, requestId: true, address: true, onRequestEnd: true } as const

/** @throws TypeError for an invalid argument at mount time. `manager` may be null. */
export function checkSessions<I>(where: string, manager: unknown, options: SessionsOptions<I>): void {
  refuseUnknown(where, options, KNOWN)
  checkMount(where, manager, options)
}

/**
 * Returns a function that opens the session of a request. The function returns a response to send instead for some
 * requests (see `openSession`).
 */
export function requestOpener<S extends object, P extends string, R extends string, I>(
  where: string,
  manager: Sessions<S, P, R>,
  options: SessionsOptions<I>,
) {
  checkSessions(where, manager, options)
  const { touch = () => true, opensLinks = () => true, requestId, address = () => null, onRequestEnd } = options
  const share = sharePerRequest<Opened<Session<S, P, R>> | OwnAnswer>(manager.resume)
  return async function open(
    request: Request,
    info: I,
    onReplaced?: (session: object) => void,
  ): Promise<OpenedRequest<Session<S, P, R>> | Response> {
    const head = new FetchRequestHead(request, address(request, info))
    const reply = new FetchReply(request, manager.cookieName)
    const { session: opened, isFirst } = await share(request, {
      isSent: reply.headersSent,
      open: async () => {
        const activity = {
          countsAsActivity: touch(request, info),
          opensLinks: opensLinks(request, info),
          requestId: requestId?.(request, info),
        }
        return openSession(manager, head, reply, { ...activity, ...(onReplaced && { onReplaced }) })
      },
    })
    if (isOwnAnswer(opened)) return reply.addTo(responseOf(opened))
    const arrived = opened.current
    // The outer mount adds the session's headers.
    if (!isFirst) return sharedRequest(opened)
    return openedRequest(opened, reply, {
      isSettled: () => arrived.isSettled,
      async settle() {
        await arrived.settled()
      },
      async end() {
        if (onRequestEnd) await manager.requestEnded(arrived, (description) => onRequestEnd(description, request))
      },
      async begin(response) {
        // A cookie in the response belongs to a session that the handler has opened for a copy of the request.
        if (reply.isCookieIn(response)) return
        if (beginsGuest(manager, arrived, head, response.status)) await arrived.beginIfAllowed()
      },
    })
  }
}
