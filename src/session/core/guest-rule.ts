/** What a request tells about itself; absent headers are `undefined`. */
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
 * Whether a guest's cookie may go out with the answer to this request: only with a page that a user navigates to.
 * Anything else (an asset, a stream, a prefetch, a form that another site posted) may have been sent without the cookie that
 * the browser holds, and an answer with a guest's cookie would sign its user out.
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

/** Whether a browser fetches ahead of its user, by what it says in `Sec-Purpose` or an older header. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /prefetch|preview/i.test(purpose)
}

/** For browsers without Fetch Metadata: an Origin that is not the host that was asked. */
function hasForeignOrigin({ origin, host }: RequestFacts): boolean {
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}
