import type { Context } from 'koa'

export function originOf(ctx: Context): { requestId: string; address: string; device: string | null } {
  return { requestId: ctx.requestId, address: plainAddress(ctx.ip), device: ctx.get('User-Agent') || null }
}

/** `::ffff:203.0.113.7` → `203.0.113.7`. Other addresses are unchanged. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '')
}
