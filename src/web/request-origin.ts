import type { Context } from 'koa'

/** Where a request comes from, for logs, audit trails, and as the cause of what is done to sessions. */
export function originOf(ctx: Context): { requestId: string; address: string; device: string | null } {
  return { requestId: ctx.requestId, address: plainAddress(ctx.ip), device: ctx.get('User-Agent') || null }
}

/** `::ffff:203.0.113.7`, which a server that listens to both kinds of addresses sees, is 203.0.113.7. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '')
}
