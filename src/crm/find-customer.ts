import type { Kysely } from 'kysely'
import type { Customer, Database, Purchase } from '../../db/tables.ts'
import { customersVisibleTo, type Viewer } from './customers-visible-to.ts'
import { purchasesOf } from './purchases.ts'

export type NamedCustomer = Customer & { firstname: string; lastname: string }

interface CustomerWithPurchases {
  customer: NamedCustomer
  purchases: Purchase[]
}

/** Returns `undefined` for an unknown customer and for a customer of another portfolio. */
export async function findCustomer(
  database: Kysely<Database>,
  viewer: Viewer,
  id: number,
): Promise<CustomerWithPurchases | undefined> {
  const customer = await findCustomerAlone(database, viewer, id)
  if (customer === undefined) return undefined
  return { customer, purchases: await purchasesOf(database, customer.id) }
}

export function findCustomerAlone(
  database: Kysely<Database>,
  viewer: Viewer,
  id: number,
): Promise<NamedCustomer | undefined> {
  return customersVisibleTo(database, viewer)
    .innerJoin('sales_persons', 'sales_persons.user_id', 'customers.sales_person')
    .selectAll('customers')
    .select(['sales_persons.firstname', 'sales_persons.lastname'])
    .where('customers.id', '=', id)
    .executeTakeFirst()
}
