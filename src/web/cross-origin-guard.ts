import type { Context, Next } from 'koa'
import type { OwnOrigins } from './own-origins.ts'
import { Problem } from './problem.ts'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
const OWN_SITES = ['same-origin', 'none']

/**
 * Refuses requests that another site made this visitor's browser send. It stands above everything that looks at
 * cookies and needs no token in forms: pages cannot forge the headers it reads.
 */
export function crossOriginGuard(origins: OwnOrigins) {
  return async function crossOriginGuard(ctx: Context, next: Next) {
    if (SAFE_METHODS.includes(ctx.method)) refuseEmbedding(ctx)
    else refuseForeignChange(ctx, origins)
    await next()
  }
}

/** `Sec-Fetch-Site` decides where the browser sends it, else the whole `Origin`; without both, only a visitor without cookies. */
function refuseForeignChange(ctx: Context, origins: OwnOrigins): void {
  const site = ctx.get('Sec-Fetch-Site')
  const origin = ctx.get('Origin')
  if (site !== '') {
    if (!OWN_SITES.includes(site)) refuse()
  } else if (origin !== '') {
    if (!origins.includes(origin)) refuse()
  } else if (ctx.get('Cookie') !== '') refuse()
}

/** A page of ours may be opened from anywhere, but not shown inside, or read by, a page of somebody else. */
function refuseEmbedding(ctx: Context): void {
  const foreign = ['cross-site', 'same-site'].includes(ctx.get('Sec-Fetch-Site'))
  if (foreign && ctx.get('Sec-Fetch-Dest') !== 'document')
    throw new Problem(403, 'This page cannot be used from inside another site. Open it in a tab of its own.')
}

function refuse(): never {
  throw new Problem(
    403,
    'This request did not come from one of our own pages, so nothing was done. Open the page here and try again.',
  )
}
