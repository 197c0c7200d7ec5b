import { type Kysely, sql } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { dayAfter } from '../../web/day.ts'
import { customersVisibleTo, type Viewer } from '../customers/customers-visible-to.ts'

export const QUIET_DAYS = 90
const MOST_LISTED = 3

export interface QuietCustomers {
  /** The number of all customers who have bought nothing for `QUIET_DAYS` days. */
  count: number
  /** Those with the highest totals. `lastPurchase` is a day, or `null` if the customer has never bought anything. */
  best: { id: number; name: string; lastPurchase: string | null }[]
}

export async function quietCustomers(
  database: Kysely<Database>,
  viewer: Viewer,
  today: string,
): Promise<QuietCustomers> {
  const since = dayAfter(today, -QUIET_DAYS)
  const rows = await customersVisibleTo(database, viewer)
    .where('customers.customer_since', '<=', since)
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('purchases')
            .select('purchases.id')
            .whereRef('purchases.customer_id', '=', 'customers.id')
            .where('purchases.purchased_on', '>', since),
        ),
      ),
    )
    .select((row) => [
      'customers.id as id',
      'customers.name as name',
      row
        .selectFrom('purchases')
        .select((purchase) => purchase.fn.max('purchased_on').as('day'))
        .whereRef('purchases.customer_id', '=', 'customers.id')
        .as('lastPurchase'),
      sql<number>`count(*) over ()`.as('count'),
    ])
    .orderBy('customers.total_purchase', 'desc')
    .orderBy('customers.id')
    .limit(MOST_LISTED)
    .execute()
  return {
    count: Number(rows[0]?.count ?? 0),
    best: rows.map(({ id, name, lastPurchase }) => ({ id, name, lastPurchase })),
  }
}
