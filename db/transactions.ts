import { createHash } from 'node:crypto'
import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely'
import { DatabaseUnavailable, wasInTheWay } from './errors.ts'
import type { Database } from './tables.ts'

/** What a piece of work is about. Two that name the same thing run one after the other, in whatever process they are. */
interface Turn {
  /** An e-mail address: who has it, who wants it, and what is mailed to it. */
  email?: string
  /** The account of a user, by the userId of his sessions. */
  user?: string | number
  /** The public handle of a session. */
  session?: string
  /** A customer, by his id. */
  customer?: number
  /** Something that there is once. */
  only?: 'the numbers of salespersons' | 'the mailbox' | 'the sweep' | 'the demo’s data'
}

const MOST_TRIES = 5

/**
 * Runs `work` in a transaction, when nobody else is at work on the same thing: what it reads stays true until it is done. All of it is
 * stored, or, when it throws, nothing. It may run more than once, so it should do nothing but ask the database.
 *
 * SQLite has one writer at a time anyway. PostgreSQL has many, and there a lock on each thing's name makes them wait.
 */
export async function inTurn<T>(
  database: Kysely<Database>,
  turn: Turn,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  if (!(database.getExecutor().adapter instanceof PostgresAdapter)) return database.transaction().execute(work)
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction().execute(async (transaction) => {
        await waitFor(transaction, turn)
        return work(transaction)
      })
    } catch (error) {
      if (!wasInTheWay(error)) throw error
      if (tries === MOST_TRIES) throw new DatabaseUnavailable(error)
    }
  }
}

/** Always in the same order, so that nobody waits for somebody who waits for him. The locks go with the transaction. */
async function waitFor(transaction: Transaction<Database>, turn: Turn): Promise<void> {
  const keys = Object.entries(turn).map(([kind, name]) => lockKey(`${kind} ${name}`))
  const locks = keys.sort().map((key) => sql`pg_advisory_xact_lock(${key}::bigint)`)
  await sql`select ${sql.join(locks)}`.execute(transaction)
}

function lockKey(name: string): string {
  return String(createHash('sha256').update(`koa-session-crm ${name}`).digest().readBigInt64BE())
}
