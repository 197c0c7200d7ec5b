import type { Context, Next } from 'koa'
import type { IsOwnHost } from './own-hosts.ts'
import { namesOneHost } from './well-formed-requests.ts'

/**
 * The liveness check. It does not query the database, because a slow database must not cause a restart. Mount it above
 * the log and the metrics, because probes ask often. A request with a wrong `Host` is left to the middleware below.
 */
export function health(isOwnHost: IsOwnHost) {
  return async function health(ctx: Context, next: Next) {
    const isProbe = ctx.path === '/healthz' && ['GET', 'HEAD'].includes(ctx.method)
    if (!isProbe || !isOwnHost(ctx.req.headers.host) || !namesOneHost(ctx)) return next()
    ctx.body = { status: 'ok' }
  }
}
