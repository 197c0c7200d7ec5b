import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { dayAfter, dayOf } from '../../web/day.ts'
import { formatCount, formatDay, formatWholeMoney } from '../../web/format.ts'
import type { Viewer } from '../customers/customers-visible-to.ts'
import { portfolioCache } from '../customers/portfolio-cache.ts'
import { type PlannedSteps, plannedSteps } from './planned-steps.ts'
import { QUIET_DAYS, type QuietCustomers, quietCustomers } from './quiet-customers.ts'
import { type SalesCharts, salesCharts } from './sales-charts.ts'
import { type SalesFigures, salesFigures } from './sales-figures.ts'

const DAYS_AHEAD = 7

/** A request of the user that waits for a decision. */
interface WaitingApproval {
  href: string
  what: string
  customer: string
  until: string
}

/** The portfolio and the work of a user who sees customers. */
export interface WelcomeWork extends Portfolio {
  title: string
  approvals: WaitingApproval[]
  steps: { href: string; step: string; customer: string; day: string; isLate: boolean }[]
  /** What the page says about the steps that are not listed. '' if all are. */
  moreSteps: string
}

/** The part that changes only with the portfolio and at midnight. */
interface Portfolio {
  facts: { label: string; value: string }[]
  /** `undefined` when all customers have bought something lately. */
  quiet: { title: string; customers: { href: string; name: string; detail: string }[] } | undefined
  charts: SalesCharts | undefined
}

export type FindApprovals = (database: Kysely<Database>, viewer: Viewer, now: number) => Promise<WaitingApproval[]>

/** Returns a function that returns the work of a viewer, or `undefined` for a viewer without customers. */
export function welcomeWork(database: Kysely<Database>, { findApprovals }: { findApprovals: FindApprovals }) {
  const portfolioOf = portfolioCache(database, async (viewer, today): Promise<Portfolio | undefined> => {
    const figures = await salesFigures(database, viewer, today)
    if (figures.customerCount === 0) return undefined
    const quiet = await quietCustomers(database, viewer, today)
    return { facts: factsOf(figures), quiet: quietOf(quiet), charts: salesCharts(figures) }
  })

  return async function workOf(viewer: Viewer, now: number): Promise<WelcomeWork | undefined> {
    const today = dayOf(now)
    const [portfolio, approvals, planned] = await Promise.all([
      portfolioOf(viewer, today),
      findApprovals(database, viewer, now),
      plannedSteps(database, viewer, dayAfter(today, DAYS_AHEAD)),
    ])
    if (portfolio === undefined) return undefined
    return {
      ...portfolio,
      title: viewer.seesAll ? 'All customers' : 'Your portfolio',
      approvals,
      ...stepsOf(planned, today),
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

function stepsOf({ count, first }: PlannedSteps, today: string): Pick<WelcomeWork, 'steps' | 'moreSteps'> {
  const more = count - first.length
  return {
    steps: first.map(({ id, name, step, on }) => ({
      href: `/customers/${id}`,
      step,
      customer: name,
      day: on === today ? 'today' : formatDay(String(on)),
      isLate: String(on) < today,
    })),
    moreSteps: more > 0 ? `${formatCount(more, 'more next step', 'more next steps')} within ${DAYS_AHEAD} days.` : '',
  }
}
