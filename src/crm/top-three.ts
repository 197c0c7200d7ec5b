import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import type { CrmSession } from '../crm-session/crm-session.ts'
import type { TopCustomer } from '../crm-session/crm-storage.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { isVisibleToVisitor } from './customers-visible-to.ts'

const HOW_MANY = 3

/** Returns the top customers from the session of `owner`. If the session has none, loads and stores them. */
export async function keepTop3(
  session: CrmSession,
  owner: string,
  load: (userId: number) => Promise<TopCustomer[]>,
): Promise<readonly TopCustomer[]> {
  const kept = session.storage.myTop3
  if (kept?.owner === owner) return kept.customers
  return session.use(async (storage) => {
    if (storage.myTop3?.owner !== owner) storage.myTop3 = { owner, customers: await load(Number(owner)) }
    return storage.myTop3.customers
  })
}

/** Returns the `kept` customers that are still in the salesperson's portfolio. */
export async function stillThere(
  database: Kysely<Database>,
  userId: number,
  kept: readonly TopCustomer[],
): Promise<TopCustomer[]> {
  if (kept.length === 0) return []
  const ids = kept.map(({ id }) => id)
  const rows = await database
    .selectFrom('customers')
    .select('id')
    .where('id', 'in', ids)
    .where('sales_person', '=', userId)
    .execute()
  return kept.filter(({ id }) => rows.some((row) => row.id === id))
}

export async function topCustomersOf(database: Kysely<Database>, userId: number): Promise<TopCustomer[]> {
  return database
    .selectFrom('customers')
    .select(['id', 'name', 'total_purchase as totalPurchase'])
    .where('sales_person', '=', userId)
    .$if(currentVisit() !== undefined, (all) => all.where(isVisibleToVisitor))
    .orderBy('total_purchase', 'desc')
    .orderBy('id')
    .limit(HOW_MANY)
    .execute()
}
