import { createHash } from 'node:crypto'
import type { Context } from 'koa'

/** A name for the browser that holds this cookie, the same for all its tabs. It tells nothing of the cookie, and stays in memory. */
export function deviceKey(ctx: Context, cookieName: string): string {
  return createHash('sha256')
    .update(ctx.cookies.get(cookieName) ?? '')
    .digest('base64url')
}
