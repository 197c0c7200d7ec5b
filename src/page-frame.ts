import type { Context } from 'koa'
import type { Privilege } from './privileges.js'
import type { Frame } from './web/pages.js'

const LINKS: readonly { label: string; href: string; needs: Privilege }[] = [
  { label: 'Welcome', href: '/authenticationOK.shtml', needs: 'viewPortfolio' },
  { label: 'Your page', href: '/account', needs: 'viewOwnPurchases' },
  { label: 'Customers', href: '/customers', needs: 'viewCustomers' },
  { label: 'Approvals', href: '/operations', needs: 'viewCustomers' },
  { label: 'Sessions', href: '/admin/sessions', needs: 'WebAdmin' },
  { label: 'Audit', href: '/admin/audit', needs: 'WebAdmin' },
]

/** What stands around every page: who is signed in, and the links that he may follow. */
export function pageFrame(appName: string, assets: Readonly<Record<string, string>>) {
  return function pageFrame(ctx: Context): Frame {
    // Error pages are also shown for what failed before there was a session.
    const session = ctx.session ?? null
    const links = LINKS.filter(({ needs }) => session?.hasPrivilege(needs) === true)
    return {
      appName,
      assets,
      userName: session?.isGuest() === false ? session.userName : '',
      links: links.map(({ label, href }) => ({
        label,
        href,
        current: ctx.path === href || ctx.path.startsWith(`${href}/`),
      })),
    }
  }
}
