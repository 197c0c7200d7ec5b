import type { Customer } from '../../../db/tables.ts'
import { formatCount, formatDay, formatMoney } from '../../web/format.ts'
import type { PurchasePage } from './list-purchases.ts'

export interface PurchaseList {
  /** For example "3 purchases" or "20 of 1,204 purchases". */
  count: string
  total: { label: string; amount: string }
  /** `discount` is empty, or for example "10% off €1,000.00". */
  purchases: { day: string; description: string; amount: string; discount: string }[]
}

export const PURCHASES_PER_PAGE = 20

export function purchaseList(
  { total_purchase }: Pick<Customer, 'total_purchase'>,
  { purchases, count }: PurchasePage,
): PurchaseList {
  const all = formatCount(count, 'purchase', 'purchases')
  const isAll = purchases.length === count
  return {
    count: isAll ? all : `${purchases.length} of ${all}`,
    total: { label: isAll ? 'Total' : `Total of all ${all}`, amount: formatMoney(total_purchase) },
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
