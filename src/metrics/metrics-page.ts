import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, Next } from 'koa'
import { type Config, isLoopback } from '../config/config.ts'
import { canonicalAddress } from '../web/client-address.ts'

// Proxies add these headers. A request with such a header may come from a client on another machine.
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

type Access = Pick<Config, 'metricsToken' | 'host' | 'publicUrl' | 'trustProxyHops'>

/**
 * If a token is configured, `/metrics` responds with 401 to requests without this token. If no token is configured,
 * `/metrics` responds with 404, unless the client is local and no other machine can reach the server. Mount this
 * middleware above the session middleware.
 */
export function metricsPage(metrics: { readonly contentType: string; text(): Promise<string> }, access: Access) {
  const { metricsToken } = access
  const mayRead = metricsToken === undefined ? fromThisMachine(access) : withToken(metricsToken)
  return async function metricsPage(ctx: Context, next: Next) {
    if (ctx.path !== '/metrics' || !['GET', 'HEAD'].includes(ctx.method)) return next()
    if (!mayRead(ctx)) return refuse(ctx)
    ctx.set('Content-Type', metrics.contentType)
    ctx.body = await metrics.text()
  }

  function refuse(ctx: Context): void {
    ctx.status = metricsToken === undefined ? 404 : 401
    if (metricsToken !== undefined) ctx.set('WWW-Authenticate', 'Bearer')
    ctx.body = metricsToken === undefined ? 'Not found.\n' : 'This needs the token of METRICS_TOKEN.\n'
  }
}

function withToken(token: string): (ctx: Context) => boolean {
  const wanted = digest(token)
  return (ctx) => timingSafeEqual(digest(/^Bearer +(\S+)$/i.exec(ctx.get('Authorization'))?.[1] ?? ''), wanted)
}

function fromThisMachine({ host, publicUrl, trustProxyHops }: Access): (ctx: Context) => boolean {
  const isForThisMachine =
    isLoopback(host) && trustProxyHops === 0 && (publicUrl === undefined || isLoopback(new URL(publicUrl).hostname))
  return (ctx) =>
    isForThisMachine &&
    isLoopback(canonicalAddress(ctx.req.socket.remoteAddress ?? '')) &&
    isLoopback(ctx.hostname) &&
    FORWARDED.every((name) => ctx.get(name) === '')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
