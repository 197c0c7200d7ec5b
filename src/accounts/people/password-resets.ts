import { hash, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, PasswordReset } from '../../../db/tables.ts'
import { isoTime } from '../../mail/index.ts'
import type { Account } from './account.ts'
import { accounts } from './accounts.ts'

/** Another person may read the mail later, so the link expires soon. */
export const RESET_MILLISECONDS = 15 * 60_000

const TOKEN = /^[\w-]{43}$/

export interface RequestedReset {
  account: Account
  reset: PasswordReset
}

/** Returns the token for the link. An earlier link of the account becomes invalid. */
export async function addReset(
  database: Kysely<Database>,
  account: Account,
  { askedAt, device }: { askedAt: string; device: string },
  now: number,
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await removeReset(database, account.userId)
  await database
    .insertInto('password_resets')
    .values({
      user_id: account.userId,
      hash: hash('sha256', token),
      account: fingerprintOf(account),
      asked_at: askedAt,
      device,
      expires_at: isoTime(now + RESET_MILLISECONDS),
    })
    .execute()
  return token
}

/** Returns `undefined` for a link that is unknown, used or expired, and after a change of the account. */
export async function findReset(
  database: Kysely<Database>,
  token: unknown,
  now: number,
): Promise<RequestedReset | undefined> {
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined
  const reset = await database
    .selectFrom('password_resets')
    .selectAll()
    .where('hash', '=', hash('sha256', token))
    .where('expires_at', '>', isoTime(now))
    .executeTakeFirst()
  const account = reset && (await accountOf(database, reset))
  return account && { account, reset }
}

type Consumed = 'used' | 'declined'

/**
 * Makes a link invalid. Of concurrent calls, only one returns `true`. Returns `false` if the account has changed since
 * the link was made. `wasConsumed` finds the link until it expires.
 */
export async function consumeReset(database: Kysely<Database>, reset: PasswordReset, as: Consumed): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('password_resets')
    .set({ hash: consumedHash(reset.hash, as) })
    .where('hash', '=', reset.hash)
    .executeTakeFirst()
  return Number(numUpdatedRows) === 1 && (await accountOf(database, reset)) !== undefined
}

/** Whether the link was used or declined, for the answer to a form that is sent twice. */
export async function wasConsumed(database: Kysely<Database>, token: unknown, as: Consumed, now: number) {
  if (typeof token !== 'string' || !TOKEN.test(token)) return false
  const row = await database
    .selectFrom('password_resets')
    .select('user_id')
    .where('hash', '=', consumedHash(hash('sha256', token), as))
    .where('expires_at', '>', isoTime(now))
    .executeTakeFirst()
  return row !== undefined
}

export async function removeReset(database: Kysely<Database>, userId: string): Promise<void> {
  await database.deleteFrom('password_resets').where('user_id', '=', userId).execute()
}

export async function removeOldResets(database: Kysely<Database>, now: number): Promise<void> {
  await database.deleteFrom('password_resets').where('expires_at', '<=', isoTime(now)).execute()
}

/** Returns `undefined` if the account has changed since the link was made. */
async function accountOf(database: Kysely<Database>, reset: PasswordReset): Promise<Account | undefined> {
  const account = await accounts.findById(database, reset.user_id)
  return account !== undefined && fingerprintOf(account) === reset.account ? account : undefined
}

function consumedHash(hashOfToken: string, as: Consumed): string {
  return hash('sha256', `${as} ${hashOfToken}`)
}

/** Without the password hash, because a login may store a new hash of the same password. */
function fingerprintOf({ email, role, securityStamp }: Account): string {
  return hash('sha256', `${email}\n${role}\n${securityStamp}`)
}
