import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { forgetMail } from '../mail/index.ts'
import { removeOldEmailChanges } from './people/email-changes.ts'
import { removeUnusedDevices } from './people/login-history.ts'
import { removeOldResets } from './people/password-resets.ts'
import { PENDING_MILLISECONDS, removeExpiredUsers } from './people/users.ts'

export async function sweepSignUps(database: Kysely<Database>, now: number): Promise<void> {
  await inTurn(database, { only: 'the sweep' }, async (transaction) => {
    await removeExpiredUsers(transaction, now)
    await removeOldEmailChanges(transaction, now)
    await removeOldResets(transaction, now)
    await removeUnusedDevices(transaction, now)
    await forgetMail(transaction, now - 2 * PENDING_MILLISECONDS)
  })
}
