import { type Kysely, sql } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { dayOf } from '../../web/day.ts'
import { customersVisibleTo, type Viewer } from '../customers/customers-visible-to.ts'

const MONTHS = 12
const MOST_CUSTOMERS = 10

/** The sales to the customers that the viewer sees. Amounts are in cents. */
export interface SalesFigures {
  customerCount: number
  /** The purchases of all years. */
  total: number
  /** The last twelve months, in order. The last month is the current one, and has the form `YYYY-MM` as all others. */
  months: { month: string; amount: number }[]
  /** The customers who bought most in these months, in order. */
  customers: { id: number; name: string; amount: number }[]
}

export async function salesFigures(database: Kysely<Database>, viewer: Viewer, today: string): Promise<SalesFigures> {
  const months = lastMonths(today)
  const customers = customersVisibleTo(database, viewer)
  const recent = customers
    .innerJoin('purchases', 'purchases.customer_id', 'customers.id')
    .where('purchases.purchased_on', '>=', `${months[0]}-01`)
    .where('purchases.purchased_on', '<=', today)
    .select((row) => row.fn.sum('purchases.amount').as('amount'))
  const [portfolio, byMonth, byCustomer] = await Promise.all([
    customers
      .select((row) => [row.fn.countAll().as('count'), row.fn.sum('customers.total_purchase').as('total')])
      .executeTakeFirstOrThrow(),
    recent.select(sql<string>`substr(purchases.purchased_on, 1, 7)`.as('month')).groupBy('month').execute(),
    recent
      .select(['customers.id as id', 'customers.name as name'])
      .groupBy(['customers.id', 'customers.name'])
      .having((row) => row.fn.sum('purchases.amount'), '>', 0)
      .orderBy('amount', 'desc')
      .orderBy('customers.id')
      .limit(MOST_CUSTOMERS)
      .execute(),
  ])
  const amounts = new Map(byMonth.map(({ month, amount }) => [month, Number(amount)]))
  return {
    customerCount: Number(portfolio.count),
    total: Number(portfolio.total),
    months: months.map((month) => ({ month, amount: amounts.get(month) ?? 0 })),
    customers: byCustomer.map(({ id, name, amount }) => ({ id, name, amount: Number(amount) })),
  }
}

function lastMonths(today: string): string[] {
  const [year, month] = [Number(today.slice(0, 4)), Number(today.slice(5, 7))]
  return Array.from({ length: MONTHS }, (_, index) => dayOf(Date.UTC(year, month - MONTHS + index)).slice(0, 7))
}
