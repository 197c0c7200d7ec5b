import type { Context, Next } from 'koa'
import { LINK_PARAMETER, REPLACE_PARAMETER } from '../session/koa/index.ts'
import type { PageModel } from '../web/pages.ts'

interface ConfirmLinkPage extends PageModel {
  /** Whose session the link opens; '' for a guest's. */
  owner: string
  /** The user who would be signed out here; `undefined` for none. */
  instead: string | undefined
  /** The addresses of the buttons: open the link, or stay. */
  action: string
  stay: string
}

const LINK_PARAMETERS = [LINK_PARAMETER, REPLACE_PARAMETER]

/**
 * Asks before a link is opened, on every page that does not ask itself. The button posts to the same address, which spends the
 * link and redirects to its page.
 */
export function linkConfirmation(hasPage: (path: string, method: string) => boolean) {
  return async function linkConfirmation(ctx: Context, next: Next) {
    // An address that begins with two slashes would lead to another host.
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

/** The link's own address. It permits replacing the current user only where the page names them. */
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
