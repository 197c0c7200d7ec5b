import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { checkMount } from '../http/mount-options.ts'
import { beginsGuest, type Opened, openSession } from '../http/open-session.ts'
import { refuseUnknown } from '../known-options.ts'
import { FetchReply } from './reply.ts'
import { FetchRequestHead } from './request-head.ts'

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

/** The session of a request, and what its response needs. */
export interface OpenedRequest<T> extends Opened<T> {
  /** Waits for pending calls. Also stores the session of a new guest, unless the handler has failed. */
  settle(status: number | undefined): Promise<void>
  addTo(response: Response): Response
}

/**
 * Returns a function that opens the session of a request. The function returns a response to send instead for the
 * prefetch of a one-time link.
 */
export function requestOpener<S extends object, P extends string, R extends string, I>(
  where: string,
  manager: Sessions<S, P, R>,
  options: SessionsOptions<I>,
) {
  refuseUnknown(where, options, KNOWN)
  checkMount(where, manager, options)
  const { touch = () => true, opensLinks = () => true, requestId, address = () => null, onRequestEnd } = options
  return async function open(
    request: Request,
    info: I,
    onReplaced?: (session: object) => void,
  ): Promise<OpenedRequest<Session<S, P, R>> | Response> {
    const head = new FetchRequestHead(request, address(request, info))
    const reply = new FetchReply(manager.cookieName, request.signal)
    const activity = {
      countsAsActivity: touch(request, info),
      opensLinks: opensLinks(request, info),
      requestId: requestId?.(request, info),
    }
    const opened = await openSession(manager, head, reply, { ...activity, ...(onReplaced && { onReplaced }) })
    if (!opened) return reply.addTo(new Response(null, { status: 503 }))
    const arrived = opened.current
    return {
      get current() {
        return opened.current
      },
      async settle(status) {
        await arrived.settled()
        if (onRequestEnd) await manager.requestEnded(arrived, (description) => onRequestEnd(description, request))
        if (status !== undefined && beginsGuest(manager, arrived, head, status)) await arrived.beginIfAllowed()
      },
      addTo: (response) => reply.addTo(response),
    }
  }
}
