import type { Context, Next } from 'koa'
import { withoutLink } from '../session/http/index.ts'
import type { LinkOffer } from '../session/index.ts'
import { LINK_PARAMETER, REPLACE_PARAMETER } from '../session/koa/index.ts'
import { describeDevice } from '../web/device-description.ts'
import { formatMoment } from '../web/format.ts'
import { maskEmail } from '../web/mask-email.ts'
import type { PageModel } from '../web/pages.ts'

/** What a page says about a link before it is opened. */
export interface LinkFacts {
  /** The user of the link's session, with a masked e-mail address. Empty for a guest. */
  owner: string
  madeAt: { iso: string; text: string }
  /** For example "Firefox on Windows". */
  device: string
  /** The button "This was not me" sends the token to `/link/decline`. */
  token: string
}

interface ConfirmLinkPage extends PageModel {
  link: LinkFacts
  /** The label of the button for opening the link. */
  label: string
  /** The user whose session the link opens. Empty for a guest. */
  owner: string
  /** The current user of this browser, whom the link signs out. `undefined`: no user is signed out. */
  instead: string | undefined
  /** The URL that the button for opening the link requests. */
  action: string
  /** The URL of the link that keeps the current session. */
  stay: string
}

/**
 * Shows a page that asks the user before a one-time link is redeemed. The button of the page posts to the URL of the
 * link. The POST request redeems the link and redirects to the linked page, which does not receive the POST request.
 * `isAsked` returns whether the application has a page at a path, and this page does not itself ask about links.
 */
export function linkConfirmation(isAsked: (path: string) => boolean) {
  return async function linkConfirmation(ctx: Context, next: Next) {
    // A URL that begins with two slashes is not handled, because a redirect to this URL would lead to another host.
    if (!/^\/(?![/\\])/.test(ctx.url)) return next()
    const cameByLink = new URLSearchParams(ctx.querystring).has(LINK_PARAMETER)
    if (cameByLink) ctx.set('X-Robots-Tag', 'noindex')
    if (!cameByLink || !isAsked(ctx.path)) return next()
    const isButton = ctx.method === 'POST'
    const offer = ctx.session?.offer
    if (offer !== undefined && (isButton || ctx.method === 'GET')) {
      if (isButton) ctx.status = 409
      return ctx.show<ConfirmLinkPage>('link', {
        title: 'Open this link?',
        link: linkFacts(ctx, offer),
        label: labelOf(offer),
        owner: maskEmail(offer.userName),
        instead: offer.instead,
        action: confirmAction(ctx, offer.instead),
        stay: withoutLink(ctx.path + ctx.search),
      })
    }
    if (!isButton) return next()
    ctx.status = 303
    ctx.redirect(withoutLink(ctx.path + ctx.search))
  }
}

export function linkFacts(ctx: Context, { userName, createdAt, device }: LinkOffer, owner = userName): LinkFacts {
  return {
    owner: maskEmail(owner),
    madeAt: { iso: createdAt.toISOString(), text: formatMoment(createdAt) },
    device: describeDevice(device),
    token: String(ctx.query[LINK_PARAMETER]),
  }
}

function labelOf({ userName, instead }: LinkOffer): string {
  const owner = maskEmail(userName)
  if (instead === undefined) return owner === '' ? 'Go on' : `Go on as ${owner}`
  return owner === '' ? 'Leave my session and open the link' : `Leave my session and go on as ${owner}`
}

/** Returns the URL for the POST request that redeems the link. If `instead` is set, the request signs out that user. */
export function confirmAction(ctx: Context, instead: string | undefined): string {
  const parameters = [...new URLSearchParams(ctx.querystring)].filter(([name]) => name !== REPLACE_PARAMETER)
  if (instead !== undefined) parameters.push([REPLACE_PARAMETER, '1'])
  return `${ctx.path}?${new URLSearchParams(parameters)}`
}
