import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

type HeaderValue = OutgoingHttpHeader | undefined
type Headers = OutgoingHttpHeaders | HeaderValue[] | [name: string, value: HeaderValue][]

// Responses may contain personal data, so caches must not store them.
const PRIVATE = 'private, no-store'

// For these headers, some shared caches ignore Cache-Control.
const FOR_SHARED_CACHES = /cdn-cache-control$|^surrogate-control$|^edge-control$|^x-accel-expires$/

/** For a response that depends on a cookie. The application may set other values later. */
export function forbidCaching(res: ServerResponse): void {
  addVary(res)
  res.setHeader('Cache-Control', PRIVATE)
}

/**
 * Returns a function that sets the session cookie. The response contains the last cookie that the function was given,
 * beside the cookies of the application. No shared cache may store the response.
 *
 * The cookie is set immediately, and again before the head is written. Koa removes all headers when a handler throws,
 * and headers that are passed to `writeHead` replace those of the response.
 */
export function sessionCookieSetter(res: ServerResponse, name: string): (header: string) => void {
  let header: string | undefined
  return (newest) => {
    if (header === undefined) beforeHead(res, () => putCookie(res, name, header ?? ''))
    header = newest
    putCookie(res, name, header)
  }
}

/** Node calls `writeHead` for an implicit head and for `flushHeaders` too. A call that throws may be repeated. */
function beforeHead(res: ServerResponse, run: () => void): void {
  const writeHead = res.writeHead as (...parameters: never[]) => ServerResponse
  res.writeHead = function writeHeadWithCookie(this: ServerResponse, status: number, ...rest: unknown[]) {
    if (res.headersSent) return Reflect.apply(writeHead, res, [status, ...rest])
    const message = typeof rest[0] === 'string' ? [rest[0]] : []
    setHeaders(res, (rest[1] ?? (message.length === 0 ? rest[0] : undefined)) as Headers | undefined)
    run()
    return Reflect.apply(writeHead, res, [status, ...message])
  } as typeof res.writeHead
}

/** Replaces headers as `writeHead` does. Never changes `headers`. */
function setHeaders(res: ServerResponse, headers: Headers | undefined): void {
  const fields = new Map<string, [name: string, value: HeaderValue]>()
  for (const [name, value] of pairsOf(headers ?? {})) {
    const key = String(name).toLowerCase()
    const earlier = fields.get(key)
    // A list may repeat a header. In an object, the last spelling of a header counts.
    const repeats = earlier !== undefined && (Array.isArray(headers) || key === 'set-cookie')
    fields.set(key, [name, repeats ? ([earlier[1], value].flat() as string[]) : value])
  }
  for (const [name, value] of fields.values()) res.setHeader(name, value as OutgoingHttpHeader)
}

function pairsOf(headers: Headers): [name: string, value: HeaderValue][] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (Array.isArray(headers[0])) return headers as [string, HeaderValue][]
  const pairs: [string, HeaderValue][] = []
  for (let index = 0; index < headers.length; index += 2)
    pairs.push([headers[index] as string, headers[index + 1] as HeaderValue])
  return pairs
}

function putCookie(res: ServerResponse, name: string, header: string): void {
  const others = listOf(res.getHeader('Set-Cookie')).filter((cookie) => !cookie.trimStart().startsWith(`${name}=`))
  res.setHeader('Set-Cookie', [...others, header])
  if (!isPrivate(listOf(res.getHeader('Cache-Control')).join())) res.setHeader('Cache-Control', PRIVATE)
  for (const other of res.getHeaderNames()) if (FOR_SHARED_CACHES.test(other)) res.removeHeader(other)
  addVary(res)
}

/** `private="…"` protects only the headers that it names. */
function isPrivate(cacheControl: string): boolean {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  if (directives.some((directive) => directive === 'public' || /^s-maxage\b|"/.test(directive))) return false
  return directives.includes('private') || directives.includes('no-store')
}

function addVary(res: ServerResponse): void {
  const vary = listOf(res.getHeader('Vary')).join(', ')
  if (vary === '') res.setHeader('Vary', 'Cookie')
  else if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(vary)) res.setHeader('Vary', `${vary}, Cookie`)
}

function listOf(value: OutgoingHttpHeader | undefined): string[] {
  return value === undefined ? [] : [value].flat().map(String)
}
