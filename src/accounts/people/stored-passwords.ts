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

/**
 * Stores a hash of the configured cost for a verified password, and returns the account with this hash. If the hash
 * cannot be stored, returns the unchanged account. An error is only logged, so that the login succeeds.
 */
export async function renewHash(
  { database, passwords, log }: StoredPasswordParts,
  account: Account,
  password: string,
): Promise<Account> {
  if (account.passwordHash === undefined || !passwords.isOutdated(account.passwordHash)) return account
  try {
    const passwordHash = await passwords.hash(password)
    return (await accounts.replacePassword(database, account, passwordHash)) ? { ...account, passwordHash } : account
  } catch (error) {
    log.warn({ event: 'password.renew', err: error, userId: account.userId }, 'a password keeps a hash of another cost')
    return account
  }
}

/**
 * Returns the stored account if `password` is still right, and the name and the role are unchanged. A concurrent login
 * may have stored a new hash of the same password.
 */
export async function reloadIfRight(
  { database, passwords }: StoredPasswordParts,
  account: Account,
  password: string,
): Promise<Account | undefined> {
  const current = await accounts.findById(database, account.userId)
  if (current?.userName !== account.userName || current.role !== account.role) return undefined
  const isRight =
    current.passwordHash === account.passwordHash || (await passwords.verify(password, current.passwordHash))
  return isRight ? current : undefined
}
