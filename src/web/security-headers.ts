import type { Context, Next } from 'koa'
import helmet from 'koa-helmet'

const YEAR_SECONDS = 365 * 24 * 60 * 60

export function securityHeaders({ https }: { https: boolean }) {
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
  return async function securityHeaders(ctx: Context, next: Next) {
    ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()')
    await setHeaders(ctx, next)
  }
}
