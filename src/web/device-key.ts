import { createHash } from 'node:crypto'
import type { Context } from 'koa'

/** A hash of the cookie, which is the same for all tabs of a browser. */
export function deviceKey(ctx: Context, cookieName: string): string {
  return createHash('sha256')
    .update(ctx.cookies.get(cookieName) ?? '')
    .digest('base64url')
}
