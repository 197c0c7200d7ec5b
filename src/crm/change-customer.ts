import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { type CustomerChanges, columnsOf } from './customer-fields.ts'
import { reachableBy, refuseSharedCustomer, type Viewer } from './customers-visible-to.ts'
import { findCustomer, type NamedCustomer } from './find-customer.ts'
import { mayLookAfterCustomers } from './may-look-after.ts'

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
export async function changeCustomer(
  database: Kysely<Database>,
  viewer: Viewer,
  id: number,
  changes: CustomerChanges,
  versions?: readonly number[],
): Promise<Changed> {
  const before = await findCustomer(database, viewer, id)
  if (before === undefined) return { is: 'unknown' }
  refuseSharedCustomer(before)
  const { salesperson } = changes
  if (salesperson !== undefined && salesperson !== before.sales_person) {
    if (!viewer.seesAll) return { is: 'not yours to give' }
    if (!(await mayLookAfterCustomers(database, salesperson))) return { is: 'no such salesperson' }
  }
  const changed = await database
    .updateTable('customers')
    .set((row) => ({ ...columnsOf(changes), version: row('version', '+', 1) }))
    .where('id', '=', id)
    .where(reachableBy(viewer, versions))
    .returningAll()
    .executeTakeFirst()
  if (changed === undefined) return (await findCustomer(database, viewer, id)) ? { is: 'outdated' } : { is: 'unknown' }
  return { is: 'changed', customer: { ...before, ...changed, ...(await nameOf(database, changed.sales_person)) } }
}

function nameOf(database: Kysely<Database>, userId: number): Promise<{ firstname: string; lastname: string }> {
  return database
    .selectFrom('sales_persons')
    .select(['firstname', 'lastname'])
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
}
