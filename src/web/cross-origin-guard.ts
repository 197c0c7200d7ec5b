import type { Context, Next } from 'koa'
import type { OwnOrigins } from './own-origins.ts'
import { Problem } from './problem.ts'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
const OWN_SITES = ['same-origin', 'none']

/**
 * Protects against CSRF (cross-site request forgery). Mount it above everything that reads cookies. Forms need no token, because pages cannot
 * forge the headers it reads.
 */
export function crossOriginGuard(origins: OwnOrigins) {
  return async function crossOriginGuard(ctx: Context, next: Next) {
    if (SAFE_METHODS.includes(ctx.method)) refuseEmbedding(ctx)
    else refuseForeignChange(ctx, origins)
    await next()
  }
}

/** `Sec-Fetch-Site` decides, else `Origin`; a request without both passes only without cookies. */
function refuseForeignChange(ctx: Context, origins: OwnOrigins): void {
  const site = ctx.get('Sec-Fetch-Site')
  const origin = ctx.get('Origin')
  if (site !== '') {
    if (!OWN_SITES.includes(site)) refuse()
  } else if (origin !== '') {
    if (!origins.includes(origin)) refuse()
  } else if (ctx.get('Cookie') !== '') refuse()
}

/** Pages may be opened from anywhere, but not embedded in or read by another site. */
function refuseEmbedding(ctx: Context): void {
  const foreign = ['cross-site', 'same-site'].includes(ctx.get('Sec-Fetch-Site'))
  if (foreign && ctx.get('Sec-Fetch-Dest') !== 'document')
    throw new Problem(403, 'This page cannot be used from inside another site. Open it in a tab of its own.')
}

function refuse(): never {
  throw new Problem(403, 'This request came from another site, so nothing was done. Open the page here and try again.')
}
