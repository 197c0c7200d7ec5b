import { createHash } from 'node:crypto'
import type { Context } from 'koa'

/** Returns a hash of the cookie. All tabs of a browser share the cookie. */
export function deviceKey(ctx: Context, cookieName: string): string {
  return createHash('sha256')
    .update(ctx.cookies.get(cookieName) ?? '')
    .digest('base64url')
}
