import type { Context } from 'koa'

export function originOf(ctx: Context): { requestId: string; address: string; device: string | null } {
  return { requestId: ctx.requestId, address: ctx.ip, device: ctx.get('User-Agent') || null }
}
