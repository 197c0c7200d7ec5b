import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import type { Database } from '../../../db/tables.ts'

type Persons = ExpressionBuilder<Database, 'sales_persons'>

const WITH_CUSTOMERS = ['salesperson', 'manager'] as const

const mayHaveCustomers = (row: Persons) => row.and([row('active', '=', 1), row('role', 'in', WITH_CUSTOMERS)])

/** Returns whether the person may have customers. Only active salespersons and managers may have customers. */
export async function mayLookAfterCustomers(database: Kysely<Database>, userId: number): Promise<boolean> {
  const person = await database
    .selectFrom('sales_persons')
    .select('user_id')
    .where('user_id', '=', userId)
    .where(mayHaveCustomers)
    .executeTakeFirst()
  return person !== undefined
}

/** The persons who may have customers, for a select field: `[userId, name]`. */
export function salespersonChoices(database: Kysely<Database>): Promise<[userId: string, name: string][]> {
  return namesOf(database, mayHaveCustomers)
}

/** Like `salespersonChoices`, and the persons who may no longer have customers, but still have some. */
export function ownerChoices(database: Kysely<Database>): Promise<[userId: string, name: string][]> {
  return namesOf(database, (row) => {
    const own = row
      .selectFrom('customers')
      .select('id')
      .whereRef('customers.sales_person', '=', 'sales_persons.user_id')
      .where('customers.removed_at', 'is', null)
    return row.or([mayHaveCustomers(row), row.exists(own)])
  })
}

async function namesOf(
  database: Kysely<Database>,
  condition: (row: Persons) => Expression<SqlBool>,
): Promise<[userId: string, name: string][]> {
  const persons = await database
    .selectFrom('sales_persons')
    .select(['user_id', 'firstname', 'lastname'])
    .where(condition)
    .orderBy('firstname')
    .orderBy('user_id')
    .execute()
  return persons.map(({ user_id, firstname, lastname }) => [String(user_id), `${firstname} ${lastname}`])
}
