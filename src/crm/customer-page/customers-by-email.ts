import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { formatDay } from '../../web/format.ts'
import { isVisibleToVisitor } from '../customers/customers-visible-to.ts'
import { purchasesOf } from './list-purchases.ts'
import { PURCHASES_PER_PAGE, type PurchaseList, purchaseList } from './purchases.ts'

/** A customer's record, as shown to that customer. */
export interface OwnCustomer extends PurchaseList {
  name: string
  facts: { label: string; value: string }[]
}

const MOST_CUSTOMERS = 10

/** Finds customers in all portfolios. Call it only for a user who has validated this e-mail address. */
export async function findCustomersByEmail(database: Kysely<Database>, email: string): Promise<OwnCustomer[]> {
  const customers = await database
    .selectFrom('customers')
    .innerJoin('sales_persons', 'sales_persons.user_id', 'customers.sales_person')
    .selectAll('customers')
    .select(['sales_persons.firstname', 'sales_persons.lastname'])
    .where('customers.email', '=', email)
    .where('customers.removed_at', 'is', null)
    .$if(currentVisit() !== undefined, (all) => all.where((row) => isVisibleToVisitor(row)))
    .orderBy('customers.id')
    .limit(MOST_CUSTOMERS)
    .execute()
  return Promise.all(
    customers.map(async (customer) => {
      return {
        name: customer.name,
        facts: [
          { label: 'Contact', value: customer.contact },
          { label: 'Place', value: `${customer.city}, ${customer.country}` },
          { label: 'Customer since', value: formatDay(customer.customer_since) },
          { label: 'Looked after by', value: `${customer.firstname} ${customer.lastname}` },
        ],
        ...purchaseList(customer, await purchasesOf(database, customer.id, { size: PURCHASES_PER_PAGE })),
      }
    }),
  )
}
