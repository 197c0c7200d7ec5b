import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely'
import type { Database, Role } from '../tables.ts'
import { inTurn } from '../transactions.ts'
import { DEMO_PASSWORD } from './demo-accounts.ts'
import { makeCustomers } from './seed-customers.ts'

const salespersons: readonly { user_id: number; firstname: string; lastname: string; role: Role }[] = [
  { user_id: 1, firstname: 'Ada', lastname: 'Marlow', role: 'salesperson' },
  { user_id: 2, firstname: 'Jonas', lastname: 'Keller', role: 'salesperson' },
  { user_id: 3, firstname: 'Sofia', lastname: 'Rinaldi', role: 'salesperson' },
  { user_id: 4, firstname: 'Noah', lastname: 'Lindgren', role: 'salesperson' },
  { user_id: 5, firstname: 'Helen', lastname: 'Okafor', role: 'manager' },
  { user_id: 6, firstname: 'Tomasz', lastname: 'Nowak', role: 'administrator' },
]

export async function isEmpty(database: Kysely<Database>): Promise<boolean> {
  const anyone = await database.selectFrom('sales_persons').select('user_id').limit(1).executeTakeFirst()
  return anyone === undefined
}

/** Adds the demo's data unless another process has already added the data. */
export async function seedDemo(
  database: Kysely<Database>,
  hashPassword: (password: string) => Promise<string>,
  now: number,
): Promise<void> {
  const accounts = await Promise.all(
    salespersons.map(async (person) => ({
      ...person,
      email: `${person.firstname}.${person.lastname}@crm.example`.toLowerCase(),
      password: await hashPassword(DEMO_PASSWORD),
      active: 1,
    })),
  )
  const { customers, purchases } = makeCustomers(new Date(now).toISOString().slice(0, 10))
  await inTurn(database, { only: 'the demo’s data' }, async (transaction) => {
    const inserted = await transaction
      .insertInto('sales_persons')
      .values(accounts)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (Number(inserted.numInsertedOrUpdatedRows) < accounts.length) return
    await transaction.insertInto('customers').values(customers).execute()
    await transaction.insertInto('purchases').values(purchases).execute()
    await advanceSequence(transaction)
  })
}

/** PostgreSQL does not advance the sequence of ids when rows are inserted with explicit ids. */
async function advanceSequence(transaction: Transaction<Database>): Promise<void> {
  if (!(transaction.getExecutor().adapter instanceof PostgresAdapter)) return
  await sql`select setval(pg_get_serial_sequence('customers', 'id'), max(id)) from customers`.execute(transaction)
}
