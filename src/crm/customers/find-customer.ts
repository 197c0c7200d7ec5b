import type { Kysely } from 'kysely'
import type { Customer, Database } from '../../../db/tables.ts'
import { customersVisibleTo, type Viewer } from './customers-visible-to.ts'

/** `firstname` and `lastname` are those of the salesperson. */
export type NamedCustomer = Customer & {
  firstname: string
  lastname: string
  /** The user who made the last change. */
  changer_firstname: string | null
  changer_lastname: string | null
}

/** Returns `undefined` for an unknown customer and for a customer that the viewer may not see. */
export function findCustomer(
  database: Kysely<Database>,
  viewer: Viewer,
  id: number,
): Promise<NamedCustomer | undefined> {
  return customersVisibleTo(database, viewer)
    .innerJoin('sales_persons', 'sales_persons.user_id', 'customers.sales_person')
    .leftJoin('sales_persons as changers', 'changers.user_id', 'customers.changed_by')
    .selectAll('customers')
    .select([
      'sales_persons.firstname',
      'sales_persons.lastname',
      'changers.firstname as changer_firstname',
      'changers.lastname as changer_lastname',
    ])
    .where('customers.id', '=', id)
    .executeTakeFirst()
}
