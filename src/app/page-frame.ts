import type { Context } from 'koa'
import { sessionMark } from '../crm-session/acting-user.ts'
import { type CrmSession, shownSession } from '../crm-session/crm-session.ts'
import { isSharedAccount } from '../crm-session/own-sessions.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import { sessionLeft } from '../crm-session/session-left.ts'
import { themeOf } from '../crm-session/theme.ts'
import { mailboxPath } from '../mail/index.ts'
import type { Parts } from '../parts/parts.ts'
import { resetCountdown } from '../public-demo/reset-time.ts'
import { maskSecrets } from '../web/mask-secrets.ts'
import type { Frame, PageLink } from '../web/pages.ts'
import { whyRefused } from './public-demo.ts'

const LINKS: readonly { label: string; href: string; needs: Privilege }[] = [
  { label: 'Welcome', href: '/authenticationOK.shtml', needs: 'viewCustomers' },
  { label: 'Your page', href: '/account', needs: 'viewOwnPurchases' },
  { label: 'Customers', href: '/customers', needs: 'viewCustomers' },
  { label: 'Approvals', href: '/operations', needs: 'viewCustomers' },
  { label: 'Sessions', href: '/admin/sessions', needs: 'WebAdmin' },
  { label: 'Accounts', href: '/admin/accounts', needs: 'WebAdmin' },
  { label: 'Audit', href: '/admin/audit', needs: 'WebAdmin' },
]
const OWN_LINKS = [
  { label: 'Devices', href: '/account/sessions' },
  { label: 'API tokens', href: '/account/tokens' },
  { label: 'Password', href: '/account/password' },
  { label: 'E-mail', href: '/account/email' },
]
const FOOTER_LINKS = [
  { label: 'Start', href: '/' },
  { label: 'REST API', href: '/api/docs' },
]
const EVERY_PATH = [...LINKS, ...OWN_LINKS].map(({ href }) => href)

export function pageFrame(
  { config, clock, inspector, tour }: Pick<Parts, 'config' | 'clock' | 'inspector' | 'tour'>,
  assets: Readonly<Record<string, string>>,
) {
  const mailbox = mailboxPath(config)
  const footerLinks = [
    ...FOOTER_LINKS,
    ...(mailbox === '' ? [] : [{ label: 'Mailbox', href: mailbox }]),
    ...(inspector ? [{ label: 'Under the hood', href: inspector.path }] : []),
  ]
  return function pageFrame(ctx: Context): Frame {
    // `session` is `undefined` on an error page of a request that did not reach the middleware `sessions`.
    const session = shownSession(ctx)
    const isSignedIn = session?.isGuest() === false
    const current = closestPath(ctx.path)
    const linkTo = ({ label, href }: Omit<PageLink, 'current'>) => ({ label, href, current: href === current })
    return {
      appName: config.appName,
      assets,
      hasSession: session !== undefined,
      userName: isSignedIn ? session.userName : '',
      userId: session?.userId ?? '',
      isRefusal: ctx.method === 'POST' && ctx.status >= 400,
      loginName: loginNameOf(session),
      sessionMark: sessionMark(ctx),
      sessionLeft: isSignedIn ? sessionLeft(session, clock.now()) : '',
      links: LINKS.filter(({ needs }) => session?.hasPrivilege(needs) === true).map(linkTo),
      ownLinks: isSignedIn && session.userId !== undefined ? OWN_LINKS.map(linkTo) : [],
      footerLinks,
      theme: themeOf(session) ?? '',
      themePage: session && mayComeBack(ctx) ? ctx.url : '',
      chip: inspector?.chip(ctx),
      publicDemo: config.demoPublic
        ? {
            reset: resetCountdown(clock.now()),
            refusal: whyRefused('POST', ctx),
            isShared: isSharedAccount(session?.userId),
          }
        : undefined,
      tour: tour?.bar(ctx),
    }
  }
}

/** The answer to a form cannot be opened again, and the form of the theme must not contain a one-time link. */
function mayComeBack({ method, status, query }: Context): boolean {
  const hasSecret = Object.keys(query).some((name) => maskSecrets(`${name}=1`) !== `${name}=1`)
  return method === 'GET' && status === 200 && !hasSecret
}

/** Staff log in with the userId. The user name of a customer is the e-mail address, with which the customer logs in. */
function loginNameOf(session: CrmSession | null | undefined): string {
  if (session?.userId === undefined) return ''
  return session.hasPrivilege('viewOwnPurchases') ? session.userName : session.userId
}

/** Returns `path` if the menu contains it. Otherwise returns the closest parent of `path` in the menu. */
function closestPath(path: string): string | undefined {
  return EVERY_PATH.filter((href) => path === href || path.startsWith(`${href}/`)).sort(
    (one, other) => other.length - one.length,
  )[0]
}
