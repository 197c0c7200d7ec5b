import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import type { Account } from './account.ts'
import { accounts } from './accounts.ts'
import { costOf, isPasswordHash } from './password-hash.ts'
import type { Passwords } from './passwords.ts'

interface StoredPasswordParts {
  database: Kysely<Database>
  passwords: Passwords
  log: Logger
}

/** Returns the highest cost of the stored hashes, or 0 if there is none. */
export async function highestStoredCost(database: Kysely<Database>): Promise<number> {
  const beginnings = (table: 'sales_persons' | 'users') =>
    database
      .selectFrom(table)
      .select((row) => row.fn<string | null>('substr', ['password', row.val(1), row.val(7)]).as('beginning'))
      .distinct()
      .execute()
  const all = [...(await beginnings('sales_persons')), ...(await beginnings('users'))]
  const hashes = all.map(({ beginning }) => `${beginning}${'.'.repeat(53)}`)
  return Math.max(0, ...hashes.filter(isPasswordHash).map(costOf))
}

/** Logs that the user cannot log in until the account gets a new password. */
export function noteDamagedHash(log: Logger, account: Account | undefined): void {
  if (account?.passwordHash === undefined || isPasswordHash(account.passwordHash)) return
  log.error({ event: 'password.damaged', userId: account.userId }, 'the stored hash of a password is damaged')
}

/** Stores a hash of the configured cost for a verified password. An error is only logged, so the login succeeds. */
export async function renewHash(
  { database, passwords, log }: StoredPasswordParts,
  account: Account,
  password: string,
): Promise<void> {
  if (account.passwordHash === undefined || !passwords.isOutdated(account.passwordHash)) return
  try {
    await accounts.renewHash(database, account, await passwords.hash(password))
  } catch (error) {
    log.warn({ event: 'password.renew', err: error, userId: account.userId }, 'a password keeps a hash of another cost')
  }
}
