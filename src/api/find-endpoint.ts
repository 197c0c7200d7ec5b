import type { Endpoint, Method } from './endpoint.ts'

interface Place {
  endpoints: Endpoint[]
  /** The decoded path parameters, by name. */
  params: Record<string, string>
}

/** Returns a function that finds the endpoints of a path. Only the paths of open endpoints ignore case. */
export function placeFinder(endpoints: readonly Endpoint[]): (path: string) => Place | undefined {
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

export function allowedAt({ endpoints }: Place): string {
  const methods = endpoints.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}

export function endpointFor({ endpoints }: Place, method: string): Endpoint | undefined {
  const asked = method === 'HEAD' ? ('GET' satisfies Method) : method
  return endpoints.find((endpoint) => endpoint.method === asked)
}

function patternOf({ path, access }: Endpoint): RegExp {
  const pattern = path.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  return new RegExp(`^${pattern}$`, access === 'open' ? 'i' : '')
}

/** Decodes path parameters. Returns `undefined` when the percent-encoding of any of them is malformed. */
function decodeAll(groups: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    return undefined
  }
}
