import { hostname, networkInterfaces } from 'node:os'
import type { Context, Next } from 'koa'
import { type Config, isLoopback } from '../config/config.ts'

export type IsOwnHost = (header: string | undefined) => boolean

/**
 * Refuses requests whose `Host` is not a name or an address of this server. This prevents DNS rebinding, in which
 * another site's name resolves to this machine, so that a browser treats this server as part of that site.
 */
export function refuseForeignHosts(isOwnHost: IsOwnHost) {
  return async function refuseForeignHosts(ctx: Context, next: Next) {
    if (isOwnHost(ctx.req.headers.host)) return next()
    ctx.status = 421
    ctx.set('Cache-Control', 'no-store')
    ctx.body =
      'This server does not answer under this host name. If the name is yours, set PUBLIC_URL to the address that ' +
      'people type, for example PUBLIC_URL=http://crm.example.com:8044, and start the server again.\n'
  }
}

/** Returns whether a `Host` header names this server. Browsers always send the header, and some health checks do not. */
export function ownHosts({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>): IsOwnHost {
  const machine = hostname().toLowerCase()
  const names = new Set([host, bracketed(host), machine, `${machine}.local`].map((name) => name.toLowerCase()))
  if (publicUrl !== undefined) names.add(new URL(publicUrl).hostname)
  // Most requests have the same host as the request before.
  let latest: string | undefined
  return (header) => {
    if (header === undefined || header === latest) return true
    const name = nameIn(header)
    if (name === undefined) return false
    if (!names.has(name) && !isLoopback(name)) return addressesOfThisMachine().includes(name)
    latest = header
    return true
  }
}

/** Returns the host without its port, in the form of a URL. Returns `undefined` for a malformed header. */
function nameIn(header: string): string | undefined {
  if (!/^[A-Za-z0-9.:_[\]-]+$/.test(header) || !URL.canParse(`http://${header}/`)) return undefined
  return new URL(`http://${header}/`).hostname.replace(/\.$/, '')
}

/** Read for each request with an unknown host, because a machine may get another address at any time. */
function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => bracketed(address)))
}

function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address.split('%', 1)}]` : address
}
