import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { findCustomersByEmail, type OwnCustomer } from '../../crm/index.ts'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { accounts } from '../people/accounts.ts'

interface OwnPage extends PageModel {
  email: string
  customers: OwnCustomer[]
}

/** The page at `/account`: the customers with the e-mail address of this account, and their purchases. */
export function ownPage({ database }: { database: Kysely<Database> }) {
  return async function ownPage(ctx: Context) {
    const account = await accounts.findById(database, signedIn(ctx).userId)
    if (account === undefined) throw new Problem(404, 'This account does not exist any more.')
    const customers = await findCustomersByEmail(database, account.email)
    ctx.show<OwnPage>('account', { title: 'Your page', email: account.email, customers })
  }
}
