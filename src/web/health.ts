import type { Context, Next } from 'koa'
import type { IsOwnHost } from './own-hosts.ts'
import type { SecurityHeaders } from './security-headers.ts'
import { namesOneHost } from './well-formed-requests.ts'

const BODY = JSON.stringify({ status: 'ok' })

/**
 * The liveness check. It does not query the database, because a slow database must not cause a restart. Mount it above
 * the log and the metrics, because probes ask often. A request with a wrong `Host` is left to the middleware below.
 */
export function health(isOwnHost: IsOwnHost, headers: SecurityHeaders) {
  const head = { ...headers, 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': BODY.length }
  return async function health(ctx: Context, next: Next) {
    const isProbe = ctx.path === '/healthz' && ['GET', 'HEAD'].includes(ctx.method)
    if (!isProbe || !isOwnHost(ctx.req.headers.host) || !namesOneHost(ctx)) return next()
    // Sent without Koa, because setting each header on its own takes half of the time of this response.
    ctx.respond = false
    ctx.res.writeHead(200, head).end(BODY, 'latin1')
  }
}
