import { createHash } from 'node:crypto'
import type { Context } from 'koa'

/**
 * Returns a key for the browser that sent this request. All tabs of a browser have the same key, a hash of the cookie.
 */
export function deviceKey(ctx: Context, cookieName: string): string {
  return createHash('sha256')
    .update(ctx.cookies.get(cookieName) ?? '')
    .digest('base64url')
}
