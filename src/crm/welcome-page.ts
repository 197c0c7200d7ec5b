import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { signedIn } from '../crm-session/crm-session.ts'
import { formatWholeMoney } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { keepTop3, stillThere, topCustomersOf } from './top-three.ts'

interface WelcomePage extends PageModel {
  userName: string
  /** `href` is `undefined` when the viewer may not open the customer. */
  top3: { rank: number; name: string; total: string; href: string | undefined }[]
  /** `undefined` for users who may not see customers. */
  customersLink: string | undefined
  adminLink: string | undefined
}

export function welcomePage({ database }: { database: Kysely<Database> }) {
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
      customersLink: seesCustomers ? '/customers' : undefined,
      adminLink: session.hasPrivilege('WebAdmin') ? '/admin/sessions' : undefined,
    })
  }
}
