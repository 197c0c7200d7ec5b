import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { type CustomerChanges, columnsOf } from './customer-fields.ts'
import { reachableBy, refuseSharedCustomer } from './customers-visible-to.ts'
import { changesFrom, storedTexts } from './edit-conflict.ts'
import { auditChange, type Editor } from './editor.ts'
import { findCustomer, type NamedCustomer } from './find-customer.ts'
import { notePortfolioChange } from './portfolios.ts'
import { mayLookAfterCustomers } from './salespersons.ts'

/** The fields that the top 3 or the filters of the list show. */
const LISTED = ['name', 'country', 'industry'] as const

export type Changed =
  | { is: 'changed'; customer: NamedCustomer }
  /** There is no such customer, or the viewer may not see the customer. */
  | { is: 'unknown' }
  /** The customer has none of the given versions. */
  | { is: 'outdated' }
  | { is: 'not yours to give' }
  | { is: 'no such salesperson' }

/**
 * Changes a customer. If `versions` is given, the customer must have one of these versions (optimistic concurrency). A
 * single statement checks and changes the customer, so only one of two concurrent changes of a version succeeds.
 */
export function changeCustomer(
  database: Kysely<Database>,
  editor: Editor,
  id: number,
  changes: CustomerChanges,
  now: number,
  versions?: readonly number[],
): Promise<Changed> {
  return inTurn(database, { customer: id }, async (transaction): Promise<Changed> => {
    const before = await findCustomer(transaction, editor, id)
    if (before === undefined) return { is: 'unknown' }
    refuseSharedCustomer(before)
    const { salesperson = before.sales_person } = changes
    if (salesperson !== before.sales_person) {
      if (!editor.seesAll) return { is: 'not yours to give' }
      if (!(await mayLookAfterCustomers(transaction, salesperson))) return { is: 'no such salesperson' }
    }
    const { numUpdatedRows } = await transaction
      .updateTable('customers')
      .set((row) => ({
        ...columnsOf(changes),
        version: row('version', '+', 1),
        changed_at: new Date(now).toISOString(),
        changed_by: editor.userId,
      }))
      .where('id', '=', id)
      .where(reachableBy(editor, versions))
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) return { is: 'outdated' }
    const customer = await findCustomer(transaction, editor, id)
    if (customer === undefined) throw new Error(`Customer ${id} was changed and cannot be found.`)
    await auditFields(transaction, editor, { before, after: customer }, now)
    const isListedAnew = LISTED.some((field) => changes[field] !== undefined && changes[field] !== before[field])
    if (isListedAnew || salesperson !== before.sales_person)
      await notePortfolioChange(transaction, [before.sales_person, salesperson])
    return { is: 'changed', customer }
  })
}

/** Writes one entry for an assignment, and one for the other fields that have new values. */
async function auditFields(
  transaction: Transaction<Database>,
  editor: Editor,
  { before, after }: Record<'before' | 'after', NamedCustomer>,
  now: number,
): Promise<void> {
  const isAssigned = after.sales_person !== before.sales_person
  const fields = Object.keys(changesFrom(storedTexts(before), storedTexts(after)))
  if (isAssigned) {
    const detail = `from user ${before.sales_person} to user ${after.sales_person}`
    await auditChange(transaction, editor, 'customer-assigned', before.id, now, detail)
  }
  if (fields.length > 0 || !isAssigned)
    await auditChange(transaction, editor, 'customer-changed', before.id, now, fields.join(', ') || 'no new values')
}
