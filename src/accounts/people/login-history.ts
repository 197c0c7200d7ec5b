import { hash, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { isoTime } from '../../mail/index.ts'

/** After this many consecutive failures, only known devices can sign in. NIST SP 800-63B-4 requires at most 100. */
export const MOST_CONSECUTIVE_FAILURES = 100

/** A device that has not signed in for this long is forgotten. */
export const KNOWN_DEVICE_DAYS = 180

// Above this number, the least recently used device is forgotten.
const MOST_DEVICES = 50
const DAY_MILLISECONDS = 24 * 60 * 60_000

/** Counts one failure on an unknown device. Returns `locks` if this failure locks the account. */
export async function countFailure(
  database: Kysely<Database>,
  user_id: string,
): Promise<'counted' | 'locks' | 'is locked'> {
  const counted = await database
    .insertInto('login_failures')
    .values({ user_id, failures: 1 })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet(({ eb, ref }) => ({ failures: eb(ref('login_failures.failures'), '+', 1) }))
        .where('login_failures.failures', '<', MOST_CONSECUTIVE_FAILURES),
    )
    .returning('failures')
    .executeTakeFirst()
  if (counted === undefined) return 'is locked'
  return counted.failures === MOST_CONSECUTIVE_FAILURES ? 'locks' : 'counted'
}

/** Clears the failures of an account that is not locked. Returns `false` for a locked account. */
export async function clearFailures(database: Kysely<Database>, userId: string): Promise<boolean> {
  const failures = database.deleteFrom('login_failures').where('user_id', '=', userId)
  await failures.where('failures', '<', MOST_CONSECUTIVE_FAILURES).execute()
  const left = database.selectFrom('login_failures').select('failures').where('user_id', '=', userId)
  return (await left.where('failures', '>=', MOST_CONSECUTIVE_FAILURES).executeTakeFirst()) === undefined
}

/** Clears the failures of an account, also when it is locked. Call it after a login on a known device. */
export async function unlock(database: Kysely<Database>, userId: string): Promise<void> {
  await database.deleteFrom('login_failures').where('user_id', '=', userId).execute()
}

/**
 * Forgets the known devices and the failures of an account. Call it in the transaction that replaces the password. The
 * account can then sign in on any device, with the new password.
 */
export async function forgetLogins(database: Kysely<Database>, userId: string): Promise<void> {
  await database.deleteFrom('device_tokens').where('user_id', '=', userId).execute()
  await unlock(database, userId)
}

/** Whether the device with this token has signed in to the account. */
export async function isKnownDevice(
  database: Kysely<Database>,
  userId: string,
  token: string | undefined,
  now: number,
): Promise<boolean> {
  if (token === undefined) return false
  const row = await database
    .selectFrom('device_tokens')
    .select('hash')
    .where('hash', '=', hashToken(token))
    .where('user_id', '=', userId)
    .where('last_used_at', '>', oldestAt(now))
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Makes a device known to the account, and returns the token for its cookie. The token stays the same if the account
 * already knows it. Otherwise the device gets a new token, because the user who signed in before could have copied the
 * former token. The other accounts of the device then accept the new token too. Call this function in a transaction.
 */
export async function storeDeviceToken(
  database: Kysely<Database>,
  user_id: string,
  former: string | undefined,
  now: number,
): Promise<string> {
  const isKnown = await isKnownDevice(database, user_id, former, now)
  const token = isKnown && former !== undefined ? former : randomBytes(32).toString('base64url')
  const last_used_at = isoTime(now)
  if (isKnown) {
    const known = database.updateTable('device_tokens').where('hash', '=', hashToken(token))
    await known.where('user_id', '=', user_id).set({ last_used_at }).execute()
    return token
  }
  if (former !== undefined) {
    const ofOthers = database.updateTable('device_tokens').where('hash', '=', hashToken(former))
    await ofOthers
      .where('user_id', '!=', user_id)
      .set({ hash: hashToken(token) })
      .execute()
  }
  await forgetLeastUsed(database, user_id)
  await database
    .insertInto('device_tokens')
    .values({ hash: hashToken(token), user_id, last_used_at })
    .execute()
  return token
}

export async function removeUnusedDevices(database: Kysely<Database>, now: number): Promise<void> {
  await database.deleteFrom('device_tokens').where('last_used_at', '<=', oldestAt(now)).execute()
}

async function forgetLeastUsed(database: Kysely<Database>, userId: string): Promise<void> {
  const devices = database.selectFrom('device_tokens').select('hash').where('user_id', '=', userId)
  const rows = await devices.orderBy('last_used_at', 'desc').execute()
  const surplus = rows.slice(MOST_DEVICES - 1).map((row) => row.hash)
  if (surplus.length === 0) return
  await database.deleteFrom('device_tokens').where('user_id', '=', userId).where('hash', 'in', surplus).execute()
}

function oldestAt(now: number): string {
  return isoTime(now - KNOWN_DEVICE_DAYS * DAY_MILLISECONDS)
}

function hashToken(token: string): string {
  return hash('sha256', token, 'base64url')
}
