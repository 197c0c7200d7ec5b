import type { Context, Next } from 'koa'

/** Whether htmx sent the request, to exchange parts of the page that the browser shows. */
export function isForPart(ctx: Context): boolean {
  return ctx.get('HX-Request') === 'true'
}

/**
 * If htmx asks for another page than the one that the browser shows, the browser is told to open that page. This happens
 * after a redirect, for example to the login page. The page is not rendered, so its one-time messages are kept. Mount
 * this middleware above `sessions`, so that the request is not counted as activity.
 */
export function leadToOtherPages() {
  return async function leadToOtherPages(ctx: Context, next: Next) {
    ctx.vary('HX-Request')
    if (!isForPart(ctx) || ctx.method !== 'GET' || shownPath(ctx) === ctx.path) return next()
    ctx.set('HX-Redirect', ctx.url)
    ctx.status = 204
  }
}

function shownPath(ctx: Context): string | undefined {
  return URL.parse(ctx.get('HX-Current-URL'))?.pathname
}
