import type { Endpoint, Method } from './endpoint.ts'

interface Place {
  endpoints: Endpoint[]
  /** The parts of the address that the endpoints name, decoded. */
  params: Record<string, string>
}

/** Finds what is at an address below the mount; `undefined` when there is nothing. */
type FindPlace = (path: string) => Place | undefined

/**
 * Routes an address to its endpoints. Addresses are case-sensitive, except those of the open endpoints, as documented.
 */
export function placeFinder(endpoints: readonly Endpoint[]): FindPlace {
  const places = new Map<string, { pattern: RegExp; endpoints: Endpoint[] }>()
  for (const endpoint of endpoints) {
    const place = places.get(endpoint.path) ?? { pattern: patternOf(endpoint), endpoints: [] }
    place.endpoints.push(endpoint)
    places.set(endpoint.path, place)
  }
  return (path) => {
    for (const { pattern, endpoints } of places.values()) {
      const match = pattern.exec(path)
      const params = match ? decodeAll(match.groups ?? {}) : undefined
      if (params !== undefined) return { endpoints, params }
    }
    return undefined
  }
}

/** The methods that are allowed at a place, as the header `Allow` lists them. */
export function allowedAt({ endpoints }: Place): string {
  const methods = endpoints.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}

/** The endpoint for a method; HEAD is GET without a body. */
export function endpointFor({ endpoints }: Place, method: string): Endpoint | undefined {
  const asked = method === 'HEAD' ? ('GET' satisfies Method) : method
  return endpoints.find((endpoint) => endpoint.method === asked)
}

function patternOf({ path, access }: Endpoint): RegExp {
  const pattern = path.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  return new RegExp(`^${pattern}$`, access === 'open' ? 'i' : '')
}

/** `undefined` for a malformed encoding. */
function decodeAll(groups: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    return undefined
  }
}
