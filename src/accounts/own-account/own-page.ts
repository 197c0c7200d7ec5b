import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { findCustomersByEmail, type OwnCustomer } from '../../crm/index.ts'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { findValidatedUser } from '../people/users.ts'

export interface OwnPage extends PageModel {
  email: string
  /** The customers with this address: usually one, or none. */
  customers: OwnCustomer[]
}

/** `/account`: what the CRM knows of whoever validated this address. */
export function ownPage({ database }: { database: Kysely<Database> }) {
  return async function ownPage(ctx: Context) {
    const user = await findValidatedUser(database, { id: signedIn(ctx).userId })
    if (user === undefined) throw new Problem(404, 'This account does not exist any more.')
    const customers = await findCustomersByEmail(database, user.email)
    ctx.show<OwnPage>('account', { title: 'Your page', email: user.email, customers })
  }
}
