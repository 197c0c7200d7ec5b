import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Context, Next } from 'koa'
import type { Logger } from 'pino'

/** All clients whose address cannot be parsed share this value, and therefore the rate limits of one client. */
const UNKNOWN = 'unknown'

/**
 * Sets `ctx.ip` to the client's address in its shortest form, or to "unknown". Mount this middleware above all that
 * read `ctx.ip`, so that limits, logs, the audit trail and the lists of devices see the same text. Without trusted proxies, the first
 * request with `X-Forwarded-For` causes a warning.
 */
export function clientAddress(log: Pick<Logger, 'warn'>, trustProxyHops: number) {
  let isWarned = trustProxyHops > 0
  return function clientAddress(ctx: Context, next: Next) {
    ctx.request.ip = parseAddress(ctx.ip) ?? UNKNOWN
    if (!isWarned && ctx.get('X-Forwarded-For') !== '') {
      isWarned = true
      log.warn(
        { event: 'proxy.untrusted', ip: ctx.ip },
        'a request has an X-Forwarded-For header, but TRUST_PROXY is 0, so all clients behind a proxy share one address and its limits; set TRUST_PROXY to the number of your reverse proxies',
      )
    }
    return next()
  }
}

/**
 * Returns the address without port, brackets and zone id. An IPv4-mapped IPv6 address becomes an IPv4 address. Returns
 * `undefined` for a text that is no address.
 */
export function parseAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  const trimmed = text.trim()
  const withoutPort =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1] ?? trimmed.replace(/^(.*\.\d{1,3}):\d{1,5}$/, '$1')
  const address = withoutPort.split('%', 1).join()
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address
  if (!ipaddr.IPv6.isValid(address)) return undefined
  const parsed = ipaddr.IPv6.parse(address)
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String()
}

/** Returns the form in which addresses are stored. A text that is no address is unchanged. */
export function canonicalAddress(text: string): string {
  return parseAddress(text) ?? text
}

/**
 * Returns the networks for which limits count an address. `own` is what one client can use: an IPv4 address, or an IPv6
 * /64 network. `site` is the IPv6 /48 network, which providers assign to one site.
 */
export function networksOf(address: string): { own: string; site?: string } {
  const parsed = parseAddress(address)
  if (!parsed?.includes(':')) return { own: parsed ?? UNKNOWN }
  return { own: networkOf(parsed, 64), site: networkOf(parsed, 48) }
}

function networkOf(address: string, bits: number): string {
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`).toRFC5952String()}/${bits}`
}
