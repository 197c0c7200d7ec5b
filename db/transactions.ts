import { createHash } from 'node:crypto'
import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely'
import { DatabaseUnavailable, isRetryable } from './errors.ts'
import type { Database } from './tables.ts'

/** Two transactions with the same value in any property run one after the other, even in different processes. */
interface Turn {
  /** An e-mail address. The lock covers the accounts, the pending sign-ups and the mail of this address. */
  email?: string
  user?: string | number
  session?: string
  customer?: number
  /** The name of a lock that belongs to no row. */
  only?: 'the administrators' | 'the numbers of salespersons' | 'the mailbox' | 'the sweep' | 'the demo’s data'
}

const MOST_TRIES = 5

/** `work` may run more than once, so it must have no effects outside of the database. */
export async function inTurn<T>(
  database: Kysely<Database>,
  turn: Turn,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  if (!(database.getExecutor().adapter instanceof PostgresAdapter)) return database.transaction().execute(work)
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction().execute(async (transaction) => {
        await lock(transaction, turn)
        return work(transaction)
      })
    } catch (error) {
      if (!isRetryable(error)) throw error
      if (tries === MOST_TRIES) throw new DatabaseUnavailable(error)
    }
  }
}

/** Takes the locks in a fixed order, which prevents deadlocks. The end of the transaction releases the locks. */
async function lock(transaction: Transaction<Database>, turn: Turn): Promise<void> {
  const keys = Object.entries(turn).map(([kind, name]) => lockKey(`${kind} ${name}`))
  const locks = keys.sort().map((key) => sql`pg_advisory_xact_lock(${key}::bigint)`)
  await sql`select ${sql.join(locks)}`.execute(transaction)
}

function lockKey(name: string): string {
  return String(createHash('sha256').update(`koa-session-crm ${name}`).digest().readBigInt64BE())
}
