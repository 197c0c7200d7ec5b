import { randomInt } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { currentVisit, currentVisitor } from '../../public-demo/visit.ts'
import { Problem } from '../../web/problem.ts'
import { foldedName, type NewCustomer } from './customer-fields.ts'
import { auditChange, type Editor } from './editor.ts'
import { findCustomer, type NamedCustomer } from './find-customer.ts'
import { notePortfolioChange } from './portfolios.ts'
import { mayLookAfterCustomers } from './salespersons.ts'

type Created =
  | { is: 'created'; customer: NamedCustomer }
  /** Only a viewer who sees all customers may choose the salesperson. */
  | { is: 'not yours to give' }
  /** The salesperson is unknown, disabled, or has a role without customers. */
  | { is: 'no such salesperson' }

// Each change increments the version. This limit leaves room for 2^30 changes in the 32-bit column.
const HIGHEST_FIRST_VERSION = 2 ** 30
/** The customers of one visitor of a public demo. */
export const MOST_CUSTOMERS_OF_VISITOR = 20

/** Creates a customer in the editor's portfolio. An editor who sees all customers may choose another portfolio. */
export async function createCustomer(
  database: Kysely<Database>,
  editor: Editor,
  wanted: NewCustomer,
  now: number,
): Promise<Created> {
  if (wanted.salesperson !== undefined && !editor.seesAll) return { is: 'not yours to give' }
  const salesperson = wanted.salesperson ?? editor.userId
  const { customerSince, salesperson: _given, ...texts } = wanted
  return inTurn(database, { user: salesperson }, async (transaction): Promise<Created> => {
    if (!(await mayLookAfterCustomers(transaction, salesperson))) return { is: 'no such salesperson' }
    await refuseWhenManyOfVisitor(transaction)
    const time = new Date(now).toISOString()
    const { id } = await transaction
      .insertInto('customers')
      .values({
        ...texts,
        name_folded: foldedName(texts.name),
        customer_since: customerSince ?? time.slice(0, 10),
        sales_person: salesperson,
        total_purchase: 0,
        // The database may reuse the id of a deleted customer. A random version makes old `If-Match` headers fail.
        version: randomInt(1, HIGHEST_FIRST_VERSION),
        changed_at: time,
        changed_by: editor.userId,
        visitor: currentVisitor(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const detail = salesperson === editor.userId ? '' : `of user ${salesperson}`
    await auditChange(transaction, editor, 'customer-added', id, now, detail)
    await notePortfolioChange(transaction, [salesperson])
    const customer = await findCustomer(transaction, editor, id)
    if (customer === undefined) throw new Error(`Customer ${id} was made and cannot be found.`)
    return { is: 'created', customer }
  })
}

async function refuseWhenManyOfVisitor(database: Kysely<Database>): Promise<void> {
  if (currentVisit() === undefined) return
  const own = await database
    .selectFrom('customers')
    .select('id')
    .where('visitor', '=', currentVisitor())
    .where('removed_at', 'is', null)
    .execute()
  if (own.length >= MOST_CUSTOMERS_OF_VISITOR)
    throw new Problem(
      409,
      `A visitor of the public demo may have ${MOST_CUSTOMERS_OF_VISITOR} customers. Remove one of yours first.`,
    )
}
