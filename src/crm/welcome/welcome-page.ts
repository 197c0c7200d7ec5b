import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { Clock } from '../../session/index.ts'
import { formatMoment, formatWholeMoney } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { portfolioOf } from '../customers/portfolios.ts'
import { viewerOf } from '../customers/viewer-of.ts'
import { keepTop3 } from './top-three.ts'
import { type FindApprovals, type WelcomeWork, welcomeWork } from './welcome-work.ts'

interface WelcomePage extends PageModel {
  userName: string
  /** `href` is `undefined` when the viewer may not open the customer. */
  top3: { rank: number; name: string; total: string; href: string | undefined }[]
  /** When the top 3 were computed. */
  computedAt: string
  /** `undefined` for users who may not see customers, and for salespersons who have none. */
  work: WelcomeWork | undefined
  /** `undefined` for users who may not see customers. */
  customersLink: string | undefined
  /** `undefined` for users who may not add customers. */
  addLink: string | undefined
  adminLink: string | undefined
}

interface WelcomeParts {
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
}

export function welcomePage(parts: WelcomeParts, others: { findApprovals: FindApprovals }) {
  const { database, clock } = parts
  const workOf = welcomeWork(database, others)

  return async function welcomePage(ctx: Context) {
    const { session, userId } = signedIn(ctx)
    const seesCustomers = session.hasPrivilege('viewCustomers')
    const now = clock.now()
    const { customers, computedAt } = await keepTop3(session, userId, portfolioOf(database, Number(userId)), now)
    ctx.show<WelcomePage>('welcome', {
      title: 'Welcome',
      userName: session.userName,
      top3: customers.map((customer, index) => ({
        rank: index + 1,
        name: customer.name,
        total: formatWholeMoney(customer.totalPurchase),
        href: seesCustomers ? `/customers/${customer.id}` : undefined,
      })),
      computedAt: formatMoment(computedAt),
      work: seesCustomers ? await workOf(viewerOf(ctx), now) : undefined,
      customersLink: seesCustomers ? '/customers' : undefined,
      addLink: session.hasPrivilege('editCustomers') ? '/customers/new' : undefined,
      adminLink: session.hasPrivilege('WebAdmin') ? '/admin/sessions' : undefined,
    })
  }
}
