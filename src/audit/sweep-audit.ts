import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { firstIdAt } from './audit-row.ts'

const DAY_MILLISECONDS = 24 * 60 * 60_000
// Small batches hold the write lock of the database only for a short time.
const ROWS_A_STATEMENT = 1000

/** The maximum numbers of rows. `anonymous` limits rows without a user, because anyone can cause such rows. */
interface AuditCeilings {
  all: number
  anonymous: number
}

const CEILINGS: AuditCeilings = { all: 1_000_000, anonymous: 250_000 }

/** Removes the oldest rows above the ceilings, and, if `days` is above 0, all rows that are older than `days`. */
export async function sweepAudit(
  database: Kysely<Database>,
  now: number,
  days: number,
  ceilings = CEILINGS,
): Promise<void> {
  if (days > 0) await removeBefore(database, firstIdAt(now - days * DAY_MILLISECONDS), false)
  for (const onlyAnonymous of [true, false]) {
    const most = onlyAnonymous ? ceilings.anonymous : ceilings.all
    const newestTooMany = await rowsToSweep(database, onlyAnonymous)
      .select('id')
      .orderBy('id', 'desc')
      .offset(most)
      .limit(1)
      .executeTakeFirst()
    if (newestTooMany) await removeBefore(database, `${newestTooMany.id}~`, onlyAnonymous)
  }
}

async function removeBefore(database: Kysely<Database>, id: string, onlyAnonymous: boolean): Promise<void> {
  for (;;) {
    const removed = await inTurn(database, { only: 'the sweep' }, async (transaction) => {
      const step = await rowsToSweep(transaction, onlyAnonymous)
        .select('id')
        .where('id', '<', id)
        .orderBy('id')
        .limit(ROWS_A_STATEMENT)
        .execute()
      const ids = step.map((row) => row.id)
      if (ids.length > 0) await transaction.deleteFrom('audit_events').where('id', 'in', ids).execute()
      return ids.length
    })
    if (removed === 0) return
  }
}

function rowsToSweep(database: Kysely<Database>, onlyAnonymous: boolean) {
  const rows = database.selectFrom('audit_events')
  return onlyAnonymous ? rows.where('user_id', 'is', null).where('by_user_id', 'is', null) : rows
}
