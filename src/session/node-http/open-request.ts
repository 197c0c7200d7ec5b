import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../core/session.ts'
import type { SessionDescription } from '../core/session-description.ts'
import type { Sessions } from '../core/sessions.ts'
import { sessionProperty } from '../http/current-session.ts'
import { checkMount } from '../http/mount-options.ts'
import { beginsGuest, isOwnAnswer, type Opened, openSession } from '../http/open-session.ts'
import type { OwnAnswer } from '../http/own-answer.ts'
import { refuseUnknown } from '../known-options.ts'
import { beforeEnd } from './before-end.ts'
import { onClose } from './on-close.ts'
import { NodeRequestHead, nodeReply, sendOwnAnswer } from './request.ts'
import { sharePerRequest } from './shared-session.ts'

/** A request of `node:http`. Express adds the other properties. */
export interface NodeRequest extends IncomingMessage {
  /** The URL before a router removed its mount path. */
  readonly originalUrl?: string | undefined
  /** The client's IP address behind a trusted proxy. */
  readonly ip?: string | undefined
  /** Whether the client uses HTTPS. */
  readonly secure?: boolean | undefined
  session?: unknown
}

/** `Q` is the request of the framework. */
export interface SessionsOptions<Q> {
  /** Whether a request extends the idle timeout. Return false for polls and streams. Default: always true. */
  touch?: (req: Q) => boolean
  /**
   * Whether a request may redeem a one-time link. Return false for URLs without a page, because a link that is redeemed
   * there is lost to the user. A link that is bound to a path is also valid below this path. Default: always true.
   */
  opensLinks?: (req: Q) => boolean
  /** Returns the request's ID in the application's log. Session events include this ID. */
  requestId?: (req: Q) => string
  /** Returns the client's IP address. Default: `req.ip` (Express), or the other end of the connection. */
  address?: (req: Q) => string | null
  /**
   * Called after the response (JADE's epilog of processRequest). `arrived` describes the session in the cookie of the
   * request. If a new session has replaced this session, `startTime` and `lastAccessTime` are null, and the application
   * may remove the replaced session. This option adds two store calls to each request. An error of the function becomes
   * a `warning` event.
   */
  onRequestEnd?: (arrived: SessionDescription, req: Q) => unknown
}

/** The session of a request, and what must happen before the head of the response is sent. */
export interface OpenedRequest<T> extends Opened<T> {
  isNeeded: (status: number) => boolean
  task: (status: number) => Promise<void>
}

const KNOWN = { touch: true, opensLinks: true, requestId: true, address: true, onRequestEnd: true } as const

/** Sets `req.session`. The property is not defined on the prototype, because all servers of the process share it. */
export const showSession = sessionProperty('req', (req) => req)

/** @throws TypeError for an invalid argument at mount time. `manager` may be null. */
export function checkSessions<Q>(where: string, manager: unknown, options: SessionsOptions<Q>): void {
  refuseUnknown(where, options, KNOWN)
  checkMount(where, manager, options)
}

/**
 * Returns a function that opens the session of a request and sets `req.session`. The response waits for pending calls
 * of the session. The function returns undefined for a request that it has answered itself (see `openSession`).
 */
export function requestOpener<S extends object, P extends string, R extends string, Q>(
  where: string,
  manager: Sessions<S, P, R>,
  options: SessionsOptions<Q>,
  { addressOf }: { addressOf: (request: Q) => string | null },
) {
  checkSessions(where, manager, options)
  const { touch = () => true, opensLinks = () => true, requestId, address = addressOf, onRequestEnd } = options
  const share = sharePerRequest<OpenedRequest<Session<S, P, R>> | OwnAnswer>(manager.resume)

  /** `onError` answers if a pending call fails, or if the session of a guest cannot be stored. */
  return async function open(
    { req, res }: { req: NodeRequest; res: ServerResponse },
    request: Q,
    onError: (error: unknown) => void,
  ): Promise<OpenedRequest<Session<S, P, R>> | undefined> {
    const opened = await share({ req, res }, async () => {
      const head = nodeHead(req, address(request))
      const activity = {
        countsAsActivity: touch(request),
        opensLinks: opensLinks(request),
        requestId: requestId?.(request),
      }
      const first = await openSession(manager, head, nodeReply(res), activity)
      if (isOwnAnswer(first)) return first
      const ending = endingOf(manager, first.current, head)
      beforeEnd(res, { ...ending, onError })
      return Object.assign(first, ending)
    })
    if (isOwnAnswer(opened)) {
      sendOwnAnswer(res, opened)
      return undefined
    }
    const arrived = opened.current
    if (onRequestEnd)
      onClose(res, () => void manager.requestEnded(arrived, (description) => onRequestEnd(description, request)))
    showSession(req, opened)
    return opened
  }
}

export function nodeHead(req: NodeRequest, address: string | null): NodeRequestHead {
  return new NodeRequestHead(req, {
    method: req.method ?? '',
    url: req.originalUrl ?? req.url ?? '',
    address,
    encrypted: req.secure === true || 'encrypted' in req.socket,
  })
}

/** The address for `node:http` and Express. */
export function addressOf({ ip, socket }: NodeRequest): string | null {
  return ip ?? socket.remoteAddress ?? null
}

/** Before the head is sent: waits for pending calls, and stores the session of a new guest. */
function endingOf<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  session: Session<S, P, R>,
  head: NodeRequestHead,
) {
  const begins = (status: number) => beginsGuest(manager, session, head, status)
  return {
    isNeeded: (status: number) => begins(status) || !session.isSettled,
    async task(status: number) {
      await session.settled()
      if (begins(status)) await session.beginIfAllowed()
    },
  }
}
