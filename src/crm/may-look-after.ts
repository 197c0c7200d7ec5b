import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

/** Returns whether the person may have customers. Only active salespersons and managers may have customers. */
export async function mayLookAfterCustomers(database: Kysely<Database>, userId: number): Promise<boolean> {
  const person = await database
    .selectFrom('sales_persons')
    .select('user_id')
    .where('user_id', '=', userId)
    .where('active', '=', 1)
    .where('role', 'in', ['salesperson', 'manager'])
    .executeTakeFirst()
  return person !== undefined
}
