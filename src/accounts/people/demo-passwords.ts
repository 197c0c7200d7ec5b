import type { Kysely } from 'kysely'
import { DEMO_PASSWORD, demoAccounts } from '../../../db/demo/demo-accounts.ts'
import type { Database } from '../../../db/tables.ts'
import { StartError } from '../../config/start-error.ts'
import { accounts } from './accounts.ts'
import { createPasswords } from './passwords.ts'

/**
 * Refuses the start of production on a database in which an account of the demo is active and has the demo's password.
 * Other accounts may have this password too, and verifying all of them could take hours. Production therefore also
 * refuses every login with this password.
 */
export async function refuseDemoPasswords(database: Kysely<Database>): Promise<void> {
  const passwords = createPasswords({ cost: 4 })
  try {
    const open = await Promise.all(
      (await demoAccounts(database)).map(async ({ userId, userName }) => {
        const account = await accounts.findById(database, String(userId))
        return (await passwords.verify(DEMO_PASSWORD, account?.passwordHash)) ? `${userName} (${userId})` : ''
      }),
    )
    const names = open.filter(Boolean)
    if (names.length > 0) throw new StartError(refusal(names))
  } finally {
    await passwords.close()
  }
}

function refusal(names: string[]): string {
  return (
    `Production does not start, because these accounts still have the public password of the demo: ${names.join(', ')}. ` +
    'Run "npm run user:password -- <userId>" to change the password of an account, or ' +
    '"npm run user:disable -- <userId>" to disable it. To use another database, set DATABASE_URL.'
  )
}
