import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { everyHour } from '../config/interval.ts'
import { forgetMail } from '../mail/index.ts'
import { removeOldEmailChanges } from './people/email-changes.ts'
import { PENDING_MILLISECONDS, removeExpiredUsers } from './people/users.ts'

interface SweepParts {
  database: Kysely<Database>
  log: Logger
  clock: { now(): number; after(milliseconds: number, run: () => void): () => void }
}

/** Removes expired sign-ups, expired e-mail changes and old mail once an hour. Returns a function that stops it. */
export function startSweepingSignUps({ database, log, clock }: SweepParts): () => Promise<void> {
  return everyHour(clock, () =>
    sweepSignUps(database, clock.now()).catch((error) =>
      log.warn({ event: 'signup.sweep', err: error }, 'expired sign-ups could not be removed; it will be tried again'),
    ),
  )
}

export async function sweepSignUps(database: Kysely<Database>, now: number): Promise<void> {
  await inTurn(database, { only: 'the sweep' }, async (transaction) => {
    await removeExpiredUsers(transaction, now)
    await removeOldEmailChanges(transaction, now)
    await forgetMail(transaction, now - 2 * PENDING_MILLISECONDS)
  })
}
