import type { Context, Next } from 'koa'
import { LINK_PARAMETER, REPLACE_PARAMETER } from '../session/koa/index.ts'
import type { PageModel } from '../web/pages.ts'

interface ConfirmLinkPage extends PageModel {
  /** Whose session the link opens; '' for a guest's. */
  owner: string
  /** Who is signed in here and would be left; undefined for nobody. */
  instead: string | undefined
  /** Where the buttons lead: go on with the link, or stay and see this page as one is. */
  action: string
  stay: string
}

const LINK_PARAMETERS = [LINK_PARAMETER, REPLACE_PARAMETER]

/**
 * Asks whoever opens a link that wants to be confirmed, on any page that has no such question of its own. The button posts to
 * the same address; that spends the link, and the page that it was made for follows.
 */
export function linkConfirmation(hasPage: (path: string, method: string) => boolean) {
  return async function linkConfirmation(ctx: Context, next: Next) {
    // What begins with two slashes would lead to another host, as a link and as a form.
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

/** Where the button of a link leads: the link's own address; it says that the session here may be left only where the page names it. */
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
