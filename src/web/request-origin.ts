import type { Context } from 'koa'

/** Returns the id, the client's address and the User-Agent of a request, for logs and the audit trail. */
export function originOf(ctx: Context): { requestId: string; address: string; device: string | null } {
  return { requestId: ctx.requestId, address: plainAddress(ctx.ip), device: ctx.get('User-Agent') || null }
}

/** Converts an IPv4-mapped IPv6 address to IPv4: `::ffff:203.0.113.7` → `203.0.113.7`. Returns others unchanged. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '')
}
