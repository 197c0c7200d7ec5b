import type { Kysely } from 'kysely'
import type { Database, Purchase } from '../../../db/tables.ts'
import type { Viewer } from '../customers/customers-visible-to.ts'
import { findCustomer } from '../customers/find-customer.ts'
import type { PageKey } from '../list/page-key.ts'

export interface PurchasePage {
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
  const customer = await findCustomer(database, viewer, customerId)
  return customer && purchasesOf(database, customerId, { size, after })
}

/** The viewer must be allowed to see the customer. */
export async function purchasesOf(
  database: Kysely<Database>,
  customerId: number,
  { size, after }: { size: number; after?: PageKey | undefined },
): Promise<PurchasePage> {
  const purchases = database.selectFrom('purchases').where('customer_id', '=', customerId)
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
  const isAll = after === undefined && rows.length <= size
  const count = isAll
    ? rows.length
    : (await purchases.select((row) => row.fn.countAll().as('count')).executeTakeFirstOrThrow()).count
  const shown = rows.slice(0, size)
  const last = rows.length > size ? shown.at(-1) : undefined
  return { purchases: shown, count: Number(count), next: last && { value: last.purchased_on, id: last.id } }
}
