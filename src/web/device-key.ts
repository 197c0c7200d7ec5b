import { createHash } from 'node:crypto'
import type { Context } from 'koa'

/** A key for the browser with this cookie, the same for all its tabs. A hash, for use in memory only. */
export function deviceKey(ctx: Context, cookieName: string): string {
  return createHash('sha256')
    .update(ctx.cookies.get(cookieName) ?? '')
    .digest('base64url')
}
