import type { CookieScope } from './credentials/cookie-options.ts'

/** The method and the header values of a request; `undefined` for an absent header. */
export interface RequestFacts {
  method: string
  host: string | undefined
  origin: string | undefined
  fetchMode: string | undefined
  fetchSite: string | undefined
  fetchDestination: string | undefined
  purpose: string | undefined
  accept: string | undefined
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const FRAMES = new Set(['iframe', 'frame'])

/**
 * Returns whether the response may set a guest's cookie. Only the response to a page navigation may set this cookie.
 * Browsers may send requests for assets and streams, prefetches and cross-site form posts without the session cookie.
 * A guest's cookie in the response to such a request would replace the session cookie and log the user out.
 * @param scope `cookieScope` of the manager.
 */
export function mayBeginGuest(request: RequestFacts, scope: CookieScope): boolean {
  if (request.method === 'HEAD' || request.method === 'OPTIONS') return false
  if (isPrefetch(request.purpose)) return false
  if (request.accept?.includes('text/event-stream')) return false
  if (request.fetchMode !== undefined && request.fetchMode !== 'navigate') return false
  if (scope === 'strict') return hasStrictCookie(request)
  const crossSite = request.fetchSite === undefined ? hasForeignOrigin(request) : request.fetchSite === 'cross-site'
  return !crossSite || (SAFE_METHODS.has(request.method) && isInReach(request, scope))
}

/**
 * Returns whether a page that another site opened has the cookie. Otherwise, a missing cookie does not show that the
 * browser has none. In a frame, browsers send only cookies with `SameSite=None`, and many block them. With a partition,
 * a cookie that is not sent does not exist there.
 */
function isInReach({ fetchDestination = 'document' }: RequestFacts, scope: CookieScope): boolean {
  return fetchDestination === 'document' || (scope === 'partitioned' && FRAMES.has(fetchDestination))
}

/**
 * Browsers send a cookie with `SameSite=Strict` if this site or the user caused the request. A link on another site
 * opens a page without the cookie, and so does the reload of this page.
 */
function hasStrictCookie({ fetchSite, origin, host }: RequestFacts): boolean {
  if (fetchSite !== undefined) return ['same-origin', 'same-site', 'none'].includes(fetchSite)
  return origin !== undefined && !hasForeignOrigin({ origin, host })
}

/**
 * Returns whether a user submitted a form of this origin. `Session.begin` needs such a request. `none` is the value of
 * `Sec-Fetch-Site` when the user repeats a request, for instance by reloading the page.
 */
export function isOwnForm(request: RequestFacts, scope: CookieScope): boolean {
  if (SAFE_METHODS.has(request.method) || !mayBeginGuest(request, scope)) return false
  if (request.fetchSite !== undefined) return ['same-origin', 'none'].includes(request.fetchSite)
  return request.origin !== undefined && !hasForeignOrigin(request)
}

/** `purpose` is the value of `Sec-Purpose`, or of an older header with the same meaning. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /prefetch|preview/i.test(purpose)
}

/** Compares the Origin with the host, for browsers that do not send Fetch Metadata headers. */
function hasForeignOrigin({ origin, host }: Pick<RequestFacts, 'origin' | 'host'>): boolean {
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}
