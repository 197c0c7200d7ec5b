import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { reachableBy, refuseSharedCustomer, type Viewer } from './customers-visible-to.ts'
import { findCustomer } from './find-customer.ts'

export type Removed =
  | { is: 'removed' }
  /** There is no such customer, or the viewer may not see the customer. */
  | { is: 'unknown' }
  | { is: 'outdated' }
  | { is: 'approval waits' }

/**
 * Removes a customer with the purchases and the decided approvals, unless an approval is pending. If `versions`
 * is given, the customer must have one of these versions. A single statement checks and removes the customer.
 */
export async function removeCustomer(
  database: Kysely<Database>,
  viewer: Viewer,
  id: number,
  now: number,
  versions?: readonly number[],
): Promise<Removed> {
  const { numDeletedRows } = await inTurn(database, { customer: id }, (transaction) =>
    transaction
      .deleteFrom('customers')
      .where('id', '=', id)
      .where(reachableBy(viewer, versions))
      .where((row) =>
        row.not(
          row.exists(
            row
              .selectFrom('operations')
              .select('operations.id')
              .where('operations.customer_id', '=', id)
              .where('operations.state', '=', 'asked')
              .where('operations.expires_at', '>', new Date(now).toISOString()),
          ),
        ),
      )
      .executeTakeFirstOrThrow(),
  )
  if (numDeletedRows > 0n) return { is: 'removed' }
  const customer = await findCustomer(database, viewer, id)
  if (customer === undefined) return { is: 'unknown' }
  refuseSharedCustomer(customer)
  return versions?.includes(customer.version) === false ? { is: 'outdated' } : { is: 'approval waits' }
}
