import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'

const WITH_CUSTOMERS = ['salesperson', 'manager'] as const

/** Returns whether the person may have customers. Only active salespersons and managers may have customers. */
export async function mayLookAfterCustomers(database: Kysely<Database>, userId: number): Promise<boolean> {
  const person = await database
    .selectFrom('sales_persons')
    .select('user_id')
    .where('user_id', '=', userId)
    .where('active', '=', 1)
    .where('role', 'in', WITH_CUSTOMERS)
    .executeTakeFirst()
  return person !== undefined
}

/** The persons who may have customers, for a select field: `[userId, name]`. */
export async function salespersonChoices(database: Kysely<Database>): Promise<[userId: string, name: string][]> {
  const persons = await database
    .selectFrom('sales_persons')
    .select(['user_id', 'firstname', 'lastname'])
    .where('active', '=', 1)
    .where('role', 'in', WITH_CUSTOMERS)
    .orderBy('firstname')
    .orderBy('user_id')
    .execute()
  return persons.map(({ user_id, firstname, lastname }) => [String(user_id), `${firstname} ${lastname}`])
}
