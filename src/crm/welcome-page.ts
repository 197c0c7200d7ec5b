import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { signedIn } from '../crm-session/crm-session.ts'
import type { Clock } from '../session/index.ts'
import { formatCount, formatDay, formatWholeMoney } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { QUIET_DAYS, type QuietCustomers, quietCustomers } from './quiet-customers.ts'
import { type SalesCharts, salesCharts } from './sales-charts.ts'
import { type SalesFigures, salesFigures } from './sales-figures.ts'
import { keepTop3, stillThere, topCustomersOf } from './top-three.ts'
import { viewerOf } from './viewer-of.ts'

/** A request of the user that waits for a decision. */
interface WaitingApproval {
  href: string
  what: string
  customer: string
  until: string
}

interface WelcomePage extends PageModel {
  userName: string
  /** `href` is `undefined` when the viewer may not open the customer. */
  top3: { rank: number; name: string; total: string; href: string | undefined }[]
  /** `undefined` for users who may not see customers, and for salespersons who have none. */
  portfolio: Portfolio | undefined
  /** `undefined` for users who may not see customers. */
  customersLink: string | undefined
  adminLink: string | undefined
}

interface Portfolio {
  title: string
  facts: { label: string; value: string }[]
  approvals: WaitingApproval[]
  /** `undefined` when all customers have bought something lately. */
  quiet: { title: string; customers: { href: string; name: string; detail: string }[] } | undefined
  charts: SalesCharts | undefined
}

interface WelcomeParts {
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
}

type FindApprovals = (database: Kysely<Database>, userId: number, now: number) => Promise<WaitingApproval[]>

export function welcomePage({ database, clock }: WelcomeParts, { findApprovals }: { findApprovals: FindApprovals }) {
  return async function welcomePage(ctx: Context) {
    const { session, userId } = signedIn(ctx)
    const seesCustomers = session.hasPrivilege('viewCustomers')
    const kept = await keepTop3(session, userId, (owner) => topCustomersOf(database, owner))
    // Customers may have been removed or reassigned after the session stored them.
    const top3 = await stillThere(database, Number(userId), kept)
    ctx.show<WelcomePage>('welcome', {
      title: 'Welcome',
      userName: session.userName,
      top3: top3.map((customer, index) => ({
        rank: index + 1,
        name: customer.name,
        total: formatWholeMoney(customer.totalPurchase),
        href: seesCustomers ? `/customers/${customer.id}` : undefined,
      })),
      portfolio: seesCustomers ? await portfolioOf(ctx) : undefined,
      customersLink: seesCustomers ? '/customers' : undefined,
      adminLink: session.hasPrivilege('WebAdmin') ? '/admin/sessions' : undefined,
    })
  }

  async function portfolioOf(ctx: Context): Promise<Portfolio | undefined> {
    const viewer = viewerOf(ctx)
    const now = clock.now()
    const [figures, quiet, approvals] = await Promise.all([
      salesFigures(database, viewer, now),
      quietCustomers(database, viewer, now),
      findApprovals(database, viewer.userId, now),
    ])
    if (figures.customerCount === 0) return undefined
    return {
      title: viewer.seesAll ? 'All customers' : 'Your portfolio',
      facts: factsOf(figures),
      approvals,
      quiet: quietOf(quiet),
      charts: salesCharts(figures),
    }
  }
}

function factsOf({ customerCount, total, months }: SalesFigures): Portfolio['facts'] {
  const thisYear = months.reduce((sum, { amount }) => sum + amount, 0)
  return [
    { label: 'Customers', value: formatCount(customerCount) },
    { label: 'Purchases in 12 months', value: formatWholeMoney(thisYear) },
    { label: 'Purchases in total', value: formatWholeMoney(total) },
  ]
}

function quietOf({ count, best }: QuietCustomers): Portfolio['quiet'] {
  if (count === 0) return undefined
  const shown = best.length < count ? ` These ${best.length} bought most before that:` : ''
  return {
    title: `${formatCount(count, 'customer has', 'customers have')} bought nothing for ${QUIET_DAYS} days.${shown}`,
    customers: best.map(({ id, name, lastPurchase }) => ({
      href: `/customers/${id}`,
      name,
      detail: lastPurchase === null ? 'no purchase yet' : `last purchase on ${formatDay(lastPurchase)}`,
    })),
  }
}
