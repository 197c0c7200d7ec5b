import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { TopCustomer } from '../crm-session/crm-storage.ts'

const HOW_MANY = 3

/** The customers of one salesperson, as the top 3 sees them. */
export interface Portfolio {
  /** Changes when the top 3 may have changed. */
  version(): Promise<number>
  topCustomers(): Promise<TopCustomer[]>
}

export function portfolioOf(database: Kysely<Database>, userId: number): Portfolio {
  return {
    async version() {
      const row = await database
        .selectFrom('sales_persons')
        .select('portfolio_version')
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return row?.portfolio_version ?? 0
    },

    topCustomers: () =>
      database
        .selectFrom('customers')
        .select(['id', 'name', 'total_purchase as totalPurchase'])
        .where('sales_person', '=', userId)
        .where('removed_at', 'is', null)
        .orderBy('total_purchase', 'desc')
        .orderBy('id')
        .limit(HOW_MANY)
        .execute(),
  }
}

/**
 * Makes the top 3 in the sessions of these salespersons stale. Call it in the transaction of each change of a name, a
 * total or a salesperson, and when a customer is created, removed or restored.
 */
export async function notePortfolioChange(database: Kysely<Database>, userIds: readonly number[]): Promise<void> {
  await database
    .updateTable('sales_persons')
    .set((row) => ({ portfolio_version: row('portfolio_version', '+', 1) }))
    .where('user_id', 'in', userIds)
    .execute()
}
