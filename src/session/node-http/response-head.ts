import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { cookieNameOf, FOR_SHARED_CACHES, isPrivate, PRIVATE, varyByCookie, withoutCookie } from '../http/caching.ts'

type HeaderValue = OutgoingHttpHeader | undefined
type Headers = OutgoingHttpHeaders | HeaderValue[] | [name: string, value: HeaderValue][]

const PROTECTED = new Set(['set-cookie', 'cache-control', 'vary'])

/** Forbids caching of a response that depends on a cookie. The application may set other values later. */
export function forbidCaching(res: ServerResponse): void {
  addVary(res)
  res.setHeader('Cache-Control', PRIVATE)
}

// Headers of an error page would otherwise describe the body of the page that failed.
const OF_THE_BODY = [
  ...['content-type', 'content-length', 'content-encoding', 'content-range', 'content-disposition'],
  ...['content-language', 'etag', 'last-modified', 'location'],
]

/** Prepares the head for an error page. Other headers, for instance a Content-Security-Policy, are kept. */
export function forgetBody(res: ServerResponse): void {
  for (const name of OF_THE_BODY) res.removeHeader(name)
  forbidCaching(res)
}

/** Sets headers of the session. A second call for one cookie or header replaces the first call. */
interface SessionHeaders {
  setCookie(header: string): void
  setHeader(name: string, value: string): void
}

/**
 * Sets the cookies of the session, beside the cookies of the application, and other headers of the session. No shared
 * cache may store the response.
 *
 * Each header is set immediately. All headers are set again after each change of a header for cookies or caching, and
 * before the head is written. This is necessary, because Koa removes all headers when a handler throws. Headers that are
 * passed to `writeHead` also replace the headers of the response.
 */
export function sessionHeaders(res: ServerResponse): SessionHeaders {
  // Most responses set no header of the session.
  let puts: Map<string, () => void> | undefined
  let isPutting = false
  const putAll = () => {
    if (isPutting) return
    isPutting = true
    try {
      for (const put of puts?.values() ?? []) put()
    } finally {
      isPutting = false
    }
  }
  const add = (key: string, put: () => void) => {
    const isFirst = puts === undefined
    puts ??= new Map()
    puts.set(key, put)
    putAll()
    if (!isFirst) return
    beforeHead(res, putAll)
    afterChange(res, putAll)
    beforeStreamHead(res, putAll)
  }
  return {
    setCookie(header) {
      const name = cookieNameOf(header)
      add(`Set-Cookie ${name}`, () => putCookie(res, name, header))
    },
    setHeader: (name, value) => add(name, () => res.setHeader(name, value)),
  }
}

/**
 * Calls `run` before the status and the headers are written. If the application does not call `writeHead`, then Node
 * calls `writeHead` in `write`, `end` and `flushHeaders`.
 */
function beforeHead(res: ServerResponse, run: () => void): void {
  const writeHead = res.writeHead as (...parameters: never[]) => ServerResponse
  replaceMethod(res, 'writeHead', (status: number, ...rest: unknown[]) => {
    if (res.headersSent) return Reflect.apply(writeHead, res, [status, ...rest])
    setHeaders(res, headersOf(rest))
    run()
    return Reflect.apply(writeHead, res, [status, ...messageOf(rest)])
  })
}

/**
 * Replaces a method of one response or stream. After an assignment such as `res.writeHead = …`, minor garbage
 * collections free no response (V8 of Node 24), which takes about a tenth of the processor time of a new visitor.
 */
export function replaceMethod<T extends ServerResponse | ServerHttp2Stream>(
  of: T,
  name: keyof T,
  method: unknown,
): void {
  Object.assign(of, { [name]: method })
}

/** Sets the status and the headers that were passed to `writeHead`, without sending them. */
export function applyHead(res: ServerResponse, status: number, rest: readonly unknown[]): void {
  setHeaders(res, headersOf(rest))
  res.statusCode = status
  for (const message of messageOf(rest)) res.statusMessage = message
}

/** The parameters of `writeHead` after the status: an optional message, then optional headers. */
function headersOf(rest: readonly unknown[]): Headers | undefined {
  return (rest[1] ?? (typeof rest[0] === 'string' ? undefined : rest[0])) as Headers | undefined
}

function messageOf([message]: readonly unknown[]): string[] {
  return typeof message === 'string' ? [message] : []
}

/**
 * Calls `run` after each change of a header for cookies or caching. `beforeHead` alone is not enough. If middleware
 * before `sessions()` has replaced `writeHead`, then its `writeHead` runs after `run` and may change headers.
 */
function afterChange(res: ServerResponse, run: () => void): void {
  for (const method of ['setHeader', 'appendHeader', 'removeHeader'] as const) {
    const change = res[method] as (name: string, ...rest: unknown[]) => unknown
    replaceMethod(res, method, (name: string, ...rest: unknown[]) => {
      const result = Reflect.apply(change, res, [name, ...rest])
      const key = name.trim().toLowerCase()
      if (PROTECTED.has(key) || FOR_SHARED_CACHES.test(key)) run()
      return result
    })
  }
}

/**
 * Calls `run` before the headers of an HTTP/2 response are sent. `afterChange` misses headers that other middleware
 * passes to `writeHead`, because `writeHead` of HTTP/2 does not call `setHeader`.
 */
function beforeStreamHead(res: ServerResponse & { stream?: ServerHttp2Stream }, run: () => void): void {
  const { stream } = res
  if (typeof stream?.respond !== 'function') return
  const { respond } = stream
  replaceMethod(stream, 'respond', (...parameters: Parameters<typeof respond>) => {
    if (!stream.headersSent) run()
    Reflect.apply(respond, stream, parameters)
  })
}

/** Replaces headers of the response as `writeHead` does. The object `headers` does not change. */
function setHeaders(res: ServerResponse, headers: Headers | undefined): void {
  if (headers === undefined) return
  const fields = new Map<string, [name: string, value: HeaderValue]>()
  for (const [name, value] of pairsOf(headers)) {
    const key = String(name).toLowerCase()
    const earlier = fields.get(key)
    // If a list repeats a header, all values count. If an object spells a header in several ways, the last one counts.
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

/** Changes nothing if the headers are set already. */
function putCookie(res: ServerResponse, name: string, header: string): void {
  const cookies = listOf(res.getHeader('Set-Cookie'))
  const others = withoutCookie(cookies, name)
  const isSet = cookies.length === others.length + 1 && cookies.at(-1) === header
  if (!isSet) res.setHeader('Set-Cookie', [...others, header])
  if (!isPrivate(listOf(res.getHeader('Cache-Control')).join())) res.setHeader('Cache-Control', PRIVATE)
  for (const other of res.getHeaderNames()) if (FOR_SHARED_CACHES.test(other)) res.removeHeader(other)
  addVary(res)
}

function addVary(res: ServerResponse): void {
  const vary = listOf(res.getHeader('Vary')).join(', ')
  const wanted = varyByCookie(vary)
  if (wanted !== vary) res.setHeader('Vary', wanted)
}

function listOf(value: OutgoingHttpHeader | undefined): string[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [String(value)]
}
