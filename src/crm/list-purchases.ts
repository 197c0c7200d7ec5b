import type { Kysely } from 'kysely'
import type { Database, Purchase } from '../../db/tables.ts'
import type { Viewer } from './customers-visible-to.ts'
import { findCustomer } from './find-customer.ts'
import type { PageKey } from './page-key.ts'

interface PurchasePage {
  purchases: Purchase[]
  /** The number of purchases on all pages. */
  count: number
  next: PageKey | undefined
}

/** Returns one page of purchases, newest first, or `undefined` when the viewer may not see the customer. */
export async function listPurchases(
  database: Kysely<Database>,
  viewer: Viewer,
  customerId: number,
  { size, after }: { size: number; after: PageKey | undefined },
): Promise<PurchasePage | undefined> {
  if ((await findCustomer(database, viewer, customerId)) === undefined) return undefined
  const purchases = database.selectFrom('purchases').where('customer_id', '=', customerId)
  const { count } = await purchases.select((row) => row.fn.countAll().as('count')).executeTakeFirstOrThrow()
  let page = purchases
    .selectAll()
    .orderBy('purchased_on', 'desc')
    .orderBy('id', 'desc')
    .limit(size + 1)
  if (after !== undefined) {
    const day = String(after.value)
    page = page.where((row) =>
      row.or([row('purchased_on', '<', day), row.and([row('purchased_on', '=', day), row('id', '<', after.id)])]),
    )
  }
  const rows = await page.execute()
  const shown = rows.slice(0, size)
  const last = rows.length > size ? shown.at(-1) : undefined
  return { purchases: shown, count: Number(count), next: last && { value: last.purchased_on, id: last.id } }
}
