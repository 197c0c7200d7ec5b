import type { Context, Next } from 'koa'

/** The liveness check. It does not query the database, because a slow database must not cause a restart. */
export function health() {
  return async function health(ctx: Context, next: Next) {
    if (ctx.path !== '/healthz' || !['GET', 'HEAD'].includes(ctx.method)) return next()
    ctx.body = { status: 'ok' }
  }
}
