import type { Context, Next } from 'koa'
import type { OwnOrigins } from './own-origins.ts'
import { Problem } from './problem.ts'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
const OWN_SITES = ['same-origin', 'none']

/** Prevents CSRF by checking headers that other sites cannot forge. Mount it above middleware that reads cookies. */
export function crossOriginGuard(origins: OwnOrigins) {
  return async function crossOriginGuard(ctx: Context, next: Next) {
    if (SAFE_METHODS.includes(ctx.method)) refuseEmbedding(ctx)
    else refuseForeignChange(ctx, origins)
    await next()
  }
}

/** A request without `Sec-Fetch-Site` and `Origin` is allowed only when it has no cookies. */
function refuseForeignChange(ctx: Context, origins: OwnOrigins): void {
  const site = ctx.get('Sec-Fetch-Site')
  const origin = ctx.get('Origin')
  if (site !== '') {
    if (!OWN_SITES.includes(site)) refuse()
  } else if (origin !== '') {
    if (!origins.includes(origin)) refuse()
  } else if (ctx.get('Cookie') !== '') refuse()
}

/** Other sites may link to pages of this server, but must not embed or read them. */
function refuseEmbedding(ctx: Context): void {
  const foreign = ['cross-site', 'same-site'].includes(ctx.get('Sec-Fetch-Site'))
  if (foreign && ctx.get('Sec-Fetch-Dest') !== 'document')
    throw new Problem(403, 'This page cannot be used from inside another site. Open it in a tab of its own.')
}

function refuse(): never {
  throw new Problem(403, 'This request came from another site, so nothing was done. Open the page here and try again.')
}
