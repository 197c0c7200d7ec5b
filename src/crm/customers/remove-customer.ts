import type { Kysely } from 'kysely'
import { runPrepared } from '../../../db/prepared-queries.ts'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { currentVisitor } from '../../public-demo/visit.ts'
import { belongsTo, reachableBy, refuseSharedCustomer, type Viewer } from './customers-visible-to.ts'
import { auditChange, type Editor } from './editor.ts'
import { findCustomer } from './find-customer.ts'
import { notePortfolioChange } from './portfolios.ts'

export type Removed =
  | { is: 'removed' }
  /** There is no such customer, or the viewer may not see the customer. */
  | { is: 'unknown' }
  | { is: 'outdated' }
  | { is: 'approval waits' }

/** How long the removal of a customer can be undone. */
export const UNDO_MINUTES = 10
const MOST_OFFERED = 100

/**
 * Removes a customer, unless an approval is pending. The removal can be undone. The purchases, the notes and the decided
 * approvals are kept for this time, but no page shows them. If `versions` is given, the customer must have one of these
 * versions. A single statement checks and removes the customer.
 */
export function removeCustomer(
  database: Kysely<Database>,
  editor: Editor,
  id: number,
  now: number,
  versions?: readonly number[],
): Promise<Removed> {
  const time = new Date(now).toISOString()
  return inTurn(database, { customer: id }, async (transaction): Promise<Removed> => {
    const removed = await transaction
      .updateTable('customers')
      .set((row) => ({ removed_at: time, removed_by: editor.userId, version: row('version', '+', 1) }))
      .where('id', '=', id)
      .where(reachableBy(editor, versions))
      .where((row) =>
        row.not(
          row.exists(
            row
              .selectFrom('operations')
              .select('operations.id')
              .where('operations.customer_id', '=', id)
              .where('operations.state', '=', 'asked')
              .where('operations.expires_at', '>', time),
          ),
        ),
      )
      .returning('sales_person')
      .executeTakeFirst()
    if (removed !== undefined) {
      await auditChange(transaction, editor, 'customer-removed', id, now)
      await notePortfolioChange(transaction, [removed.sales_person])
      return { is: 'removed' }
    }
    const customer = await findCustomer(transaction, editor, id)
    if (customer === undefined) return { is: 'unknown' }
    refuseSharedCustomer(customer)
    return versions?.includes(customer.version) === false ? { is: 'outdated' } : { is: 'approval waits' }
  })
}

/** Undoes a removal. Returns `false` if there is nothing to undo any more, or if the viewer may not see the customer. */
export function restoreCustomer(database: Kysely<Database>, editor: Editor, id: number, now: number): Promise<boolean> {
  return inTurn(database, { customer: id }, async (transaction) => {
    const restored = await transaction
      .updateTable('customers')
      .set((row) => ({ removed_at: null, removed_by: null, version: row('version', '+', 1) }))
      .where('id', '=', id)
      .where('removed_at', '>', earliestUndo(now))
      .where(belongsTo(editor))
      .returning('sales_person')
      .executeTakeFirst()
    if (restored === undefined) return false
    await auditChange(transaction, editor, 'customer-restored', id, now)
    await notePortfolioChange(transaction, [restored.sales_person])
    return true
  })
}

/** The customers that this viewer has removed and can restore, the last removed first. */
export async function removalsBy(
  database: Kysely<Database>,
  { userId, seesAll }: Viewer,
  now: number,
): Promise<{ id: number; name: string; until: number }[]> {
  const values = { userId, visitor: currentVisitor(), earliest: earliestUndo(now) }
  const rows = await runPrepared(database, `removals ${seesAll}`, values, (slot) =>
    database
      .selectFrom('customers')
      .select(['id', 'name', 'removed_at'])
      .where('removed_by', '=', slot('userId'))
      .$if(!seesAll, (removed) => removed.where('sales_person', '=', slot('userId')))
      .where('removed_at', '>', slot('earliest'))
      .where('visitor', '=', slot('visitor'))
      .orderBy('removed_at', 'desc')
      .limit(MOST_OFFERED),
  )
  return rows.map(({ id, name, removed_at }) => ({
    id,
    name,
    until: Date.parse(String(removed_at)) + UNDO_MINUTES * 60_000,
  }))
}

/** Deletes the customers whose removal can no longer be undone, with all that belongs to them. */
export async function sweepRemovedCustomers(database: Kysely<Database>, now: number): Promise<void> {
  await database.deleteFrom('customers').where('removed_at', '<=', earliestUndo(now)).execute()
}

function earliestUndo(now: number): string {
  return new Date(now - UNDO_MINUTES * 60_000).toISOString()
}
