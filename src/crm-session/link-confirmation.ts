import type { Context, Next } from 'koa'
import { LINK_PARAMETER, REPLACE_PARAMETER } from '../session/koa/index.ts'
import type { PageModel } from '../web/pages.ts'

interface ConfirmLinkPage extends PageModel {
  /** The user whose session the link opens. Empty for a guest. */
  owner: string
  /** The current user of this browser, whom the link signs out. `undefined`: no user is signed out. */
  instead: string | undefined
  /** The URL that the button for opening the link requests. */
  action: string
  /** The URL that the button for keeping the current session requests. */
  stay: string
}

const LINK_PARAMETERS = [LINK_PARAMETER, REPLACE_PARAMETER]

/**
 * Shows a page that asks the user before a one-time link is redeemed, unless the linked page has its own form. The
 * button of the page posts to the URL of the link. The POST request redeems the link and redirects to the linked page.
 * `hasPage` returns whether the application has a route for a path and a method.
 */
export function linkConfirmation(hasPage: (path: string, method: string) => boolean) {
  return async function linkConfirmation(ctx: Context, next: Next) {
    // A URL that begins with two slashes is not handled, because a redirect to this URL would lead to another host.
    if (!/^\/(?![/\\])/.test(ctx.url)) return next()
    const cameByLink = new URLSearchParams(ctx.querystring).has(LINK_PARAMETER)
    const isButton = ctx.method === 'POST' && cameByLink && !hasPage(ctx.path, 'POST')
    const offer = ctx.session?.offer
    if (offer !== undefined && (isButton || (ctx.method === 'GET' && !hasPage(ctx.path, 'POST')))) {
      if (isButton) ctx.status = 409
      return ctx.show<ConfirmLinkPage>('link', {
        title: 'Open this link?',
        owner: offer.userName,
        instead: offer.instead,
        action: confirmAction(ctx, offer.instead),
        stay: withoutLink(ctx),
      })
    }
    if (!isButton) return next()
    ctx.status = 303
    ctx.redirect(withoutLink(ctx))
  }
}

/** Returns the URL for the POST request that redeems the link. If `instead` is set, the request signs out that user. */
export function confirmAction(ctx: Context, instead: string | undefined): string {
  const parameters = [...new URLSearchParams(ctx.querystring)].filter(([name]) => name !== REPLACE_PARAMETER)
  if (instead !== undefined) parameters.push([REPLACE_PARAMETER, '1'])
  return `${ctx.path}?${new URLSearchParams(parameters)}`
}

function withoutLink({ path, querystring }: Context): string {
  const others = [...new URLSearchParams(querystring)].filter(([name]) => !LINK_PARAMETERS.includes(name))
  const rest = new URLSearchParams(others).toString()
  return rest === '' ? path : `${path}?${rest}`
}
