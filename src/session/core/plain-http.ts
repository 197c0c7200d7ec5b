import type { Context } from './context.ts'
import type { Exchange } from './exchange.ts'

/** The facts about the transport of a request; `undefined` for an absent header. */
export interface TransportFacts {
  /** Whether the connection to this process uses TLS. */
  encrypted: boolean
  remoteAddress: string | undefined
  host: string | undefined
  forwarded: string | undefined
  forwardedProto: string | undefined
  forwardedHost: string | undefined
  fetchSite: string | undefined
}

/**
 * Returns whether the client uses plain HTTP to another machine. In this case, the browser drops a Secure cookie. The
 * result is only for diagnosis, because a client can forge the headers.
 */
export function isPlainHttp(request: TransportFacts): boolean {
  if (request.encrypted) return false
  const protocol = firstOf(request.forwardedProto) ?? forwardedValue(request.forwarded, 'proto')
  if (protocol === 'https') return false
  if (request.fetchSite !== undefined) return false // Browsers send Sec-Fetch-Site only over HTTPS or to loopback.
  const host = firstOf(request.forwardedHost) ?? forwardedValue(request.forwarded, 'host') ?? request.host
  if (host !== undefined && isLoopback(host.replace(/:\d+$/, ''))) return false
  return protocol !== undefined || !(request.remoteAddress === undefined || isLoopback(request.remoteAddress))
}

const warned = new WeakSet<Context>()

/** Warns once if the browser drops the cookie. Each request of this browser then begins a new session. */
export function warnOfDroppedCookie(context: Context, exchange: Exchange): void {
  if (!context.policy.secureCookie || warned.has(context) || !exchange.isPlainHttp?.()) return
  warned.add(context)
  context.events.emit('warning', {
    code: 'SECURE_COOKIE_OVER_HTTP',
    message:
      'A Secure session cookie was sent over plain HTTP, so the browser drops it and each request begins a new session. ' +
      'Serve HTTPS. If a proxy ends TLS, let it send "X-Forwarded-Proto: https". Only for plain HTTP in development, ' +
      'pass secureCookie: false to createSessions().',
  })
}

/** Returns the first value of a header. Proxies append their values, so the first value describes the client. */
function firstOf(list: string | undefined): string | undefined {
  return list?.split(',', 1)[0]?.trim().toLowerCase() || undefined
}

/** Reads the header `Forwarded` (RFC 7239), for instance `for=192.0.2.1;proto=https;host="shop.example"`. */
function forwardedValue(forwarded: string | undefined, name: 'proto' | 'host'): string | undefined {
  const pair = firstOf(forwarded)
    ?.split(';')
    .find((part) => part.trim().startsWith(`${name}=`))
  return pair
    ?.slice(pair.indexOf('=') + 1)
    .trim()
    .replaceAll('"', '')
}

function isLoopback(host: string): boolean {
  return /^(localhost|.*\.localhost|(::ffff:)?127(\.\d+){3}|\[?::1\]?)$/i.test(host)
}
