import type { Kysely } from 'kysely'
import { runPrepared } from '../../../db/prepared-queries.ts'
import type { Database } from '../../../db/tables.ts'
import type { TopCustomer } from '../../crm-session/crm-storage.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { isVisibleToVisitor, type Viewer } from './customers-visible-to.ts'

const HOW_MANY = 3

/** The customers of one salesperson, as the top 3 sees them. */
export interface Portfolio {
  /** Changes when the top 3 or the filters of the list may have changed. */
  version(): Promise<number>
  topCustomers(): Promise<TopCustomer[]>
}

export function portfolioOf(database: Kysely<Database>, userId: number): Portfolio {
  return {
    version: () => versionOf(database, { userId, seesAll: false }),

    topCustomers: () =>
      database
        .selectFrom('customers')
        .select(['id', 'name', 'total_purchase as totalPurchase'])
        .where('sales_person', '=', userId)
        .where('removed_at', 'is', null)
        .$if(currentVisit() !== undefined, (all) => all.where((row) => isVisibleToVisitor(row)))
        .orderBy('total_purchase', 'desc')
        .orderBy('id')
        .limit(HOW_MANY)
        .execute(),
  }
}

/** The version of all portfolios that the viewer sees. */
export async function versionOf(database: Kysely<Database>, { userId, seesAll }: Viewer): Promise<number> {
  const [row] = await runPrepared(database, `version ${seesAll}`, { userId }, (slot) => {
    const versions = database
      .selectFrom('sales_persons')
      .select((rows) => rows.fn.sum('portfolio_version').as('version'))
    return seesAll ? versions : versions.where('user_id', '=', slot('userId'))
  })
  return Number(row?.version ?? 0)
}

/**
 * Makes the top 3 in the sessions of these salespersons stale. Call it in the transaction of each change of a name, a
 * total, a country, an industry or a salesperson, and when a customer is created, removed or restored.
 */
export async function notePortfolioChange(database: Kysely<Database>, userIds: readonly number[]): Promise<void> {
  await database
    .updateTable('sales_persons')
    .set((row) => ({ portfolio_version: row('portfolio_version', '+', 1) }))
    .where('user_id', 'in', userIds)
    .execute()
}
