/** The method and headers that decide about a guest's cookie. An absent header is `undefined`. */
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
 * Whether the response to this request may set a guest's cookie. Only a page navigation may. An asset, a stream, a prefetch or a
 * cross-site form post may lack the cookie that the browser has, and a guest's cookie in the response would then replace it and
 * log the user out.
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

/** Whether the value of `Sec-Purpose`, or of an older header, marks a prefetch. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /prefetch|preview/i.test(purpose)
}

/** Whether `Origin` differs from `Host`. For browsers without Fetch Metadata. */
function hasForeignOrigin({ origin, host }: RequestFacts): boolean {
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}
