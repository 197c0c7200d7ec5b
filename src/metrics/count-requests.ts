import type { Context, Next } from 'koa'
import { Counter, Histogram, type Registry } from 'prom-client'

/** `route` is a route pattern and not a URL, because URLs with ids would create a time series for each id. */
export type ObserveRequest = (request: { method: string; route: string; status: number; seconds: number }) => void

const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function countRequests(registry: Registry): ObserveRequest {
  const registers = [registry]
  const requests = new Counter({
    name: 'crm_http_requests_total',
    help: 'Requests by method, route and status class.',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const duration = new Histogram({
    name: 'crm_http_request_seconds',
    help: 'Time until the response was known, without sending it.',
    labelNames: ['method', 'route'],
    buckets: BUCKETS_SECONDS,
    registers,
  })
  return function observe({ method, route, status, seconds }) {
    const known = METHODS.has(method) ? method : 'other'
    requests.inc({ method: known, route, status: `${Math.floor(status / 100)}xx` })
    duration.observe({ method: known, route }, seconds)
  }
}

/** Measures each request. Mount it above all other middleware. `routeOf` is called after the other middleware. */
export function measureRequests(observe: ObserveRequest, routeOf: (ctx: Context) => string) {
  return async function measureRequests(ctx: Context, next: Next) {
    const began = performance.now()
    let failed = true
    try {
      await next()
      failed = false
    } finally {
      // After an uncaught error, the status is taken as 500, because Koa sets the status only after this middleware.
      const status = failed ? 500 : ctx.status
      observe({ method: ctx.method, route: routeOf(ctx), status, seconds: (performance.now() - began) / 1000 })
    }
  }
}
