import type { Context } from 'koa'

/** The origin of a request, for logs and the audit trail. */
export function originOf(ctx: Context): { requestId: string; address: string; device: string | null } {
  return { requestId: ctx.requestId, address: plainAddress(ctx.ip), device: ctx.get('User-Agent') || null }
}

/** Shortens an IPv4-mapped IPv6 address: `::ffff:203.0.113.7` is 203.0.113.7. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '')
}
