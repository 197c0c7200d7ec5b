import type { Kysely } from 'kysely'
import type { Database, Operation } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { reachableBy } from '../customers/customers-visible-to.ts'
import { auditChange, type Editor } from '../customers/editor.ts'
import { notePortfolioChange } from '../customers/portfolios.ts'

export interface NewPurchase {
  day: string
  description: string
  /** In cents, before the discount. */
  amount: number
  /** The id of the approval whose discount the purchase uses. */
  discount: number | undefined
}

type Recorded =
  | { is: 'recorded' }
  /** There is no such customer, or the viewer may not see the customer. */
  | { is: 'unknown' }
  /** Another purchase has used the discount. */
  | { is: 'discount gone' }

/** Records a purchase. A discount is used once: of concurrent purchases with the same discount, one is recorded. */
export function recordPurchase(
  database: Kysely<Database>,
  editor: Editor,
  customerId: number,
  { day, description, amount, discount: operationId }: NewPurchase,
  now: number,
): Promise<Recorded> {
  return inTurn(database, { customer: customerId }, async (transaction): Promise<Recorded> => {
    const approved =
      operationId === undefined
        ? undefined
        : await openDiscounts(transaction, customerId).where('id', '=', operationId).executeTakeFirst()
    if (operationId !== undefined && approved === undefined) return { is: 'discount gone' }
    const { percent = 0 } = approved ?? {}
    const discount = Math.round((amount * percent) / 100)
    const paid = amount - discount
    const changed = await transaction
      .updateTable('customers')
      .set((row) => ({ total_purchase: row('total_purchase', '+', paid), version: row('version', '+', 1) }))
      .where('id', '=', customerId)
      .where(reachableBy(editor))
      .returning('sales_person')
      .executeTakeFirst()
    if (changed === undefined) return { is: 'unknown' }
    const { id } = await transaction
      .insertInto('purchases')
      .values({
        customer_id: customerId,
        purchased_on: day,
        description,
        amount: paid,
        discount_percent: percent,
        discount,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    if (approved !== undefined)
      await transaction
        .updateTable('operations')
        .set({ used_at: new Date(now).toISOString() })
        .where('id', '=', approved.id)
        .execute()
    await auditChange(transaction, editor, 'purchase-recorded', customerId, now, `purchase ${id}`)
    await notePortfolioChange(transaction, [changed.sales_person])
    return { is: 'recorded' }
  })
}

/** Returns the highest approved discount that no purchase has used. */
export function nextDiscount(
  database: Kysely<Database>,
  customerId: number,
): Promise<Pick<Operation, 'id' | 'percent'> | undefined> {
  return openDiscounts(database, customerId).orderBy('percent', 'desc').orderBy('id').limit(1).executeTakeFirst()
}

function openDiscounts(database: Kysely<Database>, customerId: number) {
  return database
    .selectFrom('operations')
    .select(['id', 'percent'])
    .where('customer_id', '=', customerId)
    .where('state', '=', 'approved')
    .where('used_at', 'is', null)
}
