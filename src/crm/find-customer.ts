import type { Kysely } from 'kysely'
import type { Customer, Database } from '../../db/tables.ts'
import { customersVisibleTo, type Viewer } from './customers-visible-to.ts'

export type NamedCustomer = Customer & { firstname: string; lastname: string }

/** Returns `undefined` for an unknown customer and for a customer that the viewer may not see. */
export function findCustomer(
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
