import type { Kysely } from 'kysely'
import type { Customer, Database, Purchase } from '../../db/tables.ts'
import { formatCount, formatDay, formatMoney } from '../web/format.ts'

export interface PurchaseList {
  count: string
  total: string
  /** `discount` is empty, or for example "10% off €1,000.00". */
  purchases: { day: string; description: string; amount: string; discount: string }[]
}

export function purchasesOf(database: Kysely<Database>, customerId: number): Promise<Purchase[]> {
  return database
    .selectFrom('purchases')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy('purchased_on', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

export function purchaseList(
  { total_purchase }: Pick<Customer, 'total_purchase'>,
  purchases: Purchase[],
): PurchaseList {
  return {
    count: formatCount(purchases.length, 'purchase', 'purchases'),
    total: formatMoney(total_purchase),
    purchases: purchases.map((purchase) => ({
      day: formatDay(purchase.purchased_on),
      description: purchase.description,
      amount: formatMoney(purchase.amount),
      discount:
        purchase.discount_percent === 0
          ? ''
          : `${purchase.discount_percent}% off ${formatMoney(purchase.amount + purchase.discount)}`,
    })),
  }
}
