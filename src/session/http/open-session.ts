import type { Exchange } from '../core/exchange.ts'
import { isOwnForm, isPrefetch, mayBeginGuest, type RequestFacts } from '../core/guest-rule.ts'
import { isPlainHttp, type TransportFacts } from '../core/plain-http.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { LINK_PARAMETER, REPLACE_PARAMETER } from './link-parameters.ts'
import { type OwnAnswer, PREFETCHED_LINK, RELOADING_PAGE } from './own-answer.ts'
import type { RequestHead } from './request-head.ts'

/** The response to a request. Each framework adapter builds one. */
export interface Reply {
  /** Forbids caching, and adds `Vary: Cookie`. */
  forbidCaching(): void
  /** Sets the header `Referrer-Policy`. */
  setReferrerPolicy(policy: string): void
  /** Whether the head of the response has been sent. */
  headersSent(): boolean
  /** Sets a cookie of the session, beside the application's own cookies. A second call for one cookie replaces it. */
  setCookie(header: string): void
  /** Sets the header `Secure-Session-Registration`. */
  offerBinding(header: string): void
  /** Calls `run` once the response is sent or the connection closes. */
  onClose(run: () => void): void
}

const nothing = (): void => {}

/** The reply of a request whose response cannot set a cookie. `session.signal` never aborts. */
export const READ_ONLY: Reply = {
  forbidCaching: nothing,
  setReferrerPolicy: nothing,
  headersSent: () => true,
  setCookie: nothing,
  offerBinding: nothing,
  onClose: (run) => run(),
}

/** `current` is the session of a request. `secureSession` replaces it. */
export interface Opened<T> {
  current: T
}

interface Activity {
  /** Whether the request restarts the idle timeout. */
  countsAsActivity: boolean
  /** Whether the request may redeem a one-time link. Default: true. */
  opensLinks?: boolean
  /** The request's ID in the log of the application. */
  requestId: string | undefined
  /** Called after `secureSession` has replaced the session. */
  onReplaced?: (session: object) => void
}

/**
 * Opens the session of a request, and sets the headers that every response with a session needs.
 * @returns the answer to send instead of a page, for the prefetch of a one-time link, and for a link of another
 * origin before the browser has proved its key.
 * @throws SessionError STORE_UNAVAILABLE.
 */
export async function openSession<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  head: RequestHead,
  reply: Reply,
  { countsAsActivity, opensLinks = true, requestId, onReplaced }: Activity,
): Promise<Opened<Session<S, P, R>> | OwnAnswer> {
  reply.forbidCaching()
  const purpose = purposeOf(head)
  const link = linkOf(head, reply, isPrefetch(purpose))
  if (!link) return PREFETCHED_LINK
  const facts = factsOf(head, purpose)
  let opened: Opened<Session<S, P, R>> | undefined
  const exchange: Exchange = {
    cookieHeader: head.header('cookie'),
    countsAsActivity,
    requestId,
    ...link,
    linkUse: opensLinks ? link.linkUse : 'none',
    mayBeginGuest: mayBeginGuest(facts, manager.cookieScope),
    isOwnForm: isOwnForm(facts, manager.cookieScope),
    device: head.header('user-agent') ?? null,
    address: head.address,
    crossOrigin: crossOriginOf(facts),
    skippedBinding: head.header('secure-session-skipped'),
    isPlainHttp: () => isPlainHttp(transportOf(head)),
    headersSent: reply.headersSent,
    setCookie: reply.setCookie,
    offerBinding: reply.offerBinding,
    setCurrent(session) {
      if (opened) opened.current = session as Session<S, P, R>
      onReplaced?.(session)
    },
    onClose: reply.onClose,
  }
  opened = { current: await manager.resume(exchange) }
  return opened.current.mustReload && !reply.headersSent() ? RELOADING_PAGE : opened
}

export function isOwnAnswer(opened: object): opened is OwnAnswer {
  return 'status' in opened
}

/**
 * Whether the response begins the session of a guest (option `guests`: 'first-request'). If true, call
 * `session.beginIfAllowed()` before the head of the response is sent.
 */
export function beginsGuest(
  manager: { readonly beginsAtFirstRequest: boolean },
  session: { readonly isNew: boolean },
  head: Pick<RequestHead, 'method' | 'header'>,
  status: number,
): boolean {
  return manager.beginsAtFirstRequest && session.isNew && showsPage(head, status)
}

/**
 * Returns whether the response begins a guest's session if the request may begin one. Status 204 and errors begin no
 * session. The only exception is status 400 for a GET without cookies, because 4D then begins a guest's session.
 */
function showsPage(head: Pick<RequestHead, 'method' | 'header'>, status: number): boolean {
  if (status === 400) return head.method === 'GET' && head.header('cookie') === undefined
  return status < 400 && status !== 204
}

type Link = Pick<Exchange, 'path' | 'oneTimeToken' | 'linkUse' | 'replacesUser'>

/** Returns undefined for the prefetch of a link. */
function linkOf(head: RequestHead, reply: Reply, isPrefetched: boolean): Link | undefined {
  const { url, method } = head
  const question = url.indexOf('?')
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? undefined : new URLSearchParams(url.slice(question + 1))
  const tokens = query?.getAll(LINK_PARAMETER) ?? []
  if (tokens.length > 0) {
    if (isPrefetched) return undefined
    // Keeps the token out of the Referer. `no-referrer` would also remove the Origin of the confirming POST.
    reply.setReferrerPolicy('strict-origin')
  }
  const opensNothing = method === 'HEAD' || method === 'OPTIONS' || isPrefetched
  return {
    path,
    oneTimeToken: tokens.length === 1 ? tokens[0] : undefined,
    linkUse: opensNothing ? 'none' : method === 'GET' ? 'open' : 'confirm',
    replacesUser: query?.get(REPLACE_PARAMETER) === '1',
  }
}

function factsOf(head: RequestHead, purpose: string | undefined): RequestFacts {
  return {
    method: head.method,
    host: head.host,
    origin: head.header('origin'),
    fetchMode: head.header('sec-fetch-mode'),
    fetchSite: head.header('sec-fetch-site'),
    fetchDestination: head.header('sec-fetch-dest'),
    purpose,
    accept: head.header('accept'),
  }
}

/** Only the navigation of a GET can be repeated by a page that reloads itself. */
function crossOriginOf({ method, fetchSite, fetchMode }: RequestFacts): Exchange['crossOrigin'] {
  if (fetchSite !== 'cross-site' && fetchSite !== 'same-site') return undefined
  return method === 'GET' && fetchMode === 'navigate' ? 'navigation' : 'other'
}

function transportOf(head: RequestHead): TransportFacts {
  return {
    encrypted: head.encrypted,
    remoteAddress: head.peerAddress,
    host: head.host,
    forwarded: head.header('forwarded'),
    forwardedProto: head.header('x-forwarded-proto'),
    forwardedHost: head.header('x-forwarded-host'),
    fetchSite: head.header('sec-fetch-site'),
  }
}

function purposeOf(head: RequestHead): string | undefined {
  return head.header('sec-purpose') ?? head.header('purpose') ?? head.header('x-purpose') ?? head.header('x-moz')
}
