import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Context, Next } from 'koa'
import helmet from 'koa-helmet'

const YEAR_SECONDS = 365 * 24 * 60 * 60

export type SecurityHeaders = Readonly<Record<string, string>>

/** Returns the headers of every response. Responses that caches may store replace the header `Cache-Control`. */
export function securityHeaders({ https }: { https: boolean }): SecurityHeaders {
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    strictTransportSecurity: https ? { maxAge: YEAR_SECONDS, includeSubDomains: true } : false,
    // With the policy `no-referrer`, browsers would send "Origin: null" with this server's own forms.
    referrerPolicy: { policy: 'same-origin' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  void setHeaders({ req: res.req, res, request: { secure: https } } as never, async () => {})
  return Object.freeze({
    ...(res.getHeaders() as SecurityHeaders),
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    'Cache-Control': 'no-store',
  })
}

/** Mount this middleware above all middleware that responds. Only the liveness check above it sends the headers itself. */
export function setSecurityHeaders(headers: SecurityHeaders) {
  const all = Object.entries(headers)
  return function setSecurityHeaders({ res }: Context, next: Next) {
    for (const [name, value] of all) res.setHeader(name, value)
    return next()
  }
}
