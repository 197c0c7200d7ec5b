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

/**
 * Returns whether the response may set a guest's cookie. Only the response to a page navigation may set this cookie.
 * Browsers may send requests for assets and streams, prefetches and cross-site form posts without the session cookie.
 * A guest's cookie in the response to such a request would replace the session cookie and log the user out.
 */
export function mayBeginGuest(request: RequestFacts): boolean {
  if (request.method === 'HEAD' || request.method === 'OPTIONS') return false
  if (isPrefetch(request.purpose)) return false
  if (request.accept?.includes('text/event-stream')) return false
  if (request.fetchMode !== undefined && request.fetchMode !== 'navigate') return false
  const framed = request.fetchDestination !== undefined && request.fetchDestination !== 'document'
  const crossSite = request.fetchSite === undefined ? hasForeignOrigin(request) : request.fetchSite === 'cross-site'
  return !(crossSite && (framed || !SAFE_METHODS.has(request.method)))
}

/**
 * Returns whether a user submitted a form of this origin. `Session.begin` needs such a request. `none` is the value of
 * `Sec-Fetch-Site` when the user repeats a request, for instance by reloading the page.
 */
export function isOwnForm(request: RequestFacts): boolean {
  if (SAFE_METHODS.has(request.method) || !mayBeginGuest(request)) return false
  if (request.fetchSite !== undefined) return ['same-origin', 'none'].includes(request.fetchSite)
  return request.origin !== undefined && !hasForeignOrigin(request)
}

/** `purpose` is the value of `Sec-Purpose`, or of an older header with the same meaning. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /prefetch|preview/i.test(purpose)
}

/** Compares the Origin with the host, for browsers that do not send Fetch Metadata headers. */
function hasForeignOrigin({ origin, host }: RequestFacts): boolean {
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}
