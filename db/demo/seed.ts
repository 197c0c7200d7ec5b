import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely'
import type { Database, Role } from '../tables.ts'
import { inTurn } from '../transactions.ts'
import { DEMO_PASSWORD } from './demo-accounts.ts'
import { makeCustomers } from './seed-customers.ts'
import { makeFollowUps } from './seed-follow-ups.ts'

const salespersons: readonly { user_id: number; firstname: string; lastname: string; role: Role }[] = [
  { user_id: 1, firstname: 'Ada', lastname: 'Marlow', role: 'salesperson' },
  { user_id: 2, firstname: 'Jonas', lastname: 'Keller', role: 'salesperson' },
  { user_id: 3, firstname: 'Sofia', lastname: 'Rinaldi', role: 'salesperson' },
  { user_id: 4, firstname: 'Noah', lastname: 'Lindgren', role: 'salesperson' },
  { user_id: 5, firstname: 'Helen', lastname: 'Okafor', role: 'manager' },
  { user_id: 6, firstname: 'Tomasz', lastname: 'Nowak', role: 'administrator' },
]

type HashPassword = (password: string) => Promise<string>

const TURN = { only: 'the demo’s data' } as const

// Rows that refer to other rows come first. The type lists all tables, so that a new table is not forgotten.
const EMPTIED_TABLES: Record<Exclude<keyof Database, 'demo_resets'>, true> = {
  operations: true,
  customer_notes: true,
  purchases: true,
  customers: true,
  sales_persons: true,
  users: true,
  outbox: true,
  mailbox: true,
  audit_events: true,
  known_devices: true,
  email_changes: true,
  password_resets: true,
  login_failures: true,
  device_tokens: true,
  visitor_sessions: true,
  visitor_hosts: true,
}
const EMPTIED = Object.keys(EMPTIED_TABLES) as (keyof typeof EMPTIED_TABLES)[]

export async function isEmpty(database: Kysely<Database>): Promise<boolean> {
  const anyone = await database.selectFrom('sales_persons').select('user_id').limit(1).executeTakeFirst()
  return anyone === undefined
}

/** Adds the demo's data unless another process has already added the data. */
export async function seedDemo(database: Kysely<Database>, hashPassword: HashPassword, now: number): Promise<void> {
  const accounts = await demoStaff(hashPassword)
  await inTurn(database, TURN, (transaction) => insertData(transaction, accounts, now))
}

/**
 * Replaces all data by the demo's data if `isDue`. Returns `false` if not, for example because another process has done
 * it. A crash in the middle leaves the former data.
 */
export async function reseedDemo(
  database: Kysely<Database>,
  hashPassword: HashPassword,
  now: number,
  isDue: (transaction: Transaction<Database>) => Promise<boolean>,
): Promise<boolean> {
  const accounts = await demoStaff(hashPassword)
  return inTurn(database, TURN, async (transaction) => {
    if (!(await isDue(transaction))) return false
    for (const table of EMPTIED) await transaction.deleteFrom(table).execute()
    await restartNumbers(transaction)
    await insertData(transaction, accounts, now)
    return true
  })
}

/** Whether all staff are people of the demo. No page changes the name of staff. */
export async function hasOnlyDemoStaff(database: Kysely<Database>): Promise<boolean> {
  const staff = await database.selectFrom('sales_persons').select(['user_id', 'firstname', 'lastname']).execute()
  const nameOf = ({ user_id, firstname, lastname }: (typeof staff)[number]) => `${user_id} ${firstname} ${lastname}`
  const known = salespersons.map(nameOf)
  return staff.every((person) => known.includes(nameOf(person)))
}

async function demoStaff(hashPassword: HashPassword) {
  return Promise.all(
    salespersons.map(async (person) => ({
      ...person,
      email: `${person.firstname}.${person.lastname}@crm.example`.toLowerCase(),
      password: await hashPassword(DEMO_PASSWORD),
      active: 1,
      // After a reset, no version of before comes back.
      portfolio_version: Date.now(),
    })),
  )
}

async function insertData(
  transaction: Transaction<Database>,
  accounts: Awaited<ReturnType<typeof demoStaff>>,
  now: number,
): Promise<void> {
  const { customers, purchases } = makeCustomers(new Date(now).toISOString().slice(0, 10))
  const inserted = await transaction
    .insertInto('sales_persons')
    .values(accounts)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (Number(inserted.numInsertedOrUpdatedRows) < accounts.length) return
  await transaction.insertInto('customers').values(customers).execute()
  await transaction.insertInto('purchases').values(purchases).execute()
  const { nextSteps, notes } = makeFollowUps(customers, now)
  for (const { id, ...step } of nextSteps)
    await transaction.updateTable('customers').set(step).where('id', '=', id).execute()
  await transaction.insertInto('customer_notes').values(notes).execute()
  await advanceSequence(transaction)
}

/** PostgreSQL does not advance the sequence of ids when rows are inserted with explicit ids. */
async function advanceSequence(transaction: Transaction<Database>): Promise<void> {
  if (!(transaction.getExecutor().adapter instanceof PostgresAdapter)) return
  await sql`select setval(pg_get_serial_sequence('customers', 'id'), max(id)) from customers`.execute(transaction)
}

/** Gives the purchases and notes the same ids as at the first start. SQLite does so by itself. A rollback undoes this, unlike `setval`. */
async function restartNumbers(transaction: Transaction<Database>): Promise<void> {
  if (!(transaction.getExecutor().adapter instanceof PostgresAdapter)) return
  for (const table of ['purchases', 'customer_notes']) {
    const { rows } = await sql<{ name: string }>`select pg_get_serial_sequence(${table}, 'id') as name`.execute(
      transaction,
    )
    await sql`alter sequence ${sql.raw(String(rows[0]?.name))} restart`.execute(transaction)
  }
}
