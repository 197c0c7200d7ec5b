import { hash, randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, User } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { isoTime } from '../../mail/index.ts'

/** A pending account expires after this time. Its address can then be used again. */
export const PENDING_MILLISECONDS = 24 * 60 * 60_000

interface NewUser {
  email: string
  /** A bcrypt hash. Null when the user chooses the password on the page of the mailed link. */
  password: string | null
  sessionId: string
}

export async function findValidatedUser(database: Kysely<Database>, by: UserKey): Promise<User | undefined> {
  return selectUser(database, by).where('validated', '=', 1).executeTakeFirst()
}

/** Finds an account that is not validated and not expired. */
export async function findPendingUser(database: Kysely<Database>, by: UserKey, now: number): Promise<User | undefined> {
  return selectUser(database, by)
    .where('validated', '=', 0)
    .where('created_at', '>', isoTime(now - PENDING_MILLISECONDS))
    .executeTakeFirst()
}

/** Adds a pending account. Other pending accounts may have the same address. */
export async function addPendingUser(
  database: Kysely<Database>,
  { email, password, sessionId }: NewUser,
  id: string,
  now: number,
): Promise<void> {
  await database
    .insertInto('users')
    .values({
      id,
      email,
      password,
      validated: 0,
      session_id: sessionId,
      created_at: isoTime(now),
      validated_at: null,
    })
    .execute()
}

/**
 * Returns the id of a new account. It is random, so that the id of a removed account is never used again. `form` is the
 * random token of the sign-up form. A form that is sent twice with the same address gets the same id.
 */
export function newUserId(form?: { token: string; email: string }): string {
  if (form === undefined) return randomUUID()
  const digits = hash('sha256', `sign-up ${form.token} ${form.email}`, 'hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

interface Validated {
  user: User
  /** The pending accounts with the same address, which this validation removed. */
  removed: User[]
}

/**
 * Validates a pending account. Also stores `password`, a bcrypt hash, if it is given. Returns `undefined` if the account
 * is not pending.
 */
export async function validateUser(
  database: Kysely<Database>,
  id: string,
  now: number,
  password?: string,
): Promise<Validated | undefined> {
  const waiting = await findPendingUser(database, { id }, now)
  if (waiting === undefined) return undefined
  return inTurn(database, { email: waiting.email }, async (transaction) => {
    const result = await transaction
      .updateTable('users')
      .set({ validated: 1, validated_at: isoTime(now), ...(password !== undefined && { password }) })
      .where('id', '=', id)
      .where('validated', '=', 0)
      .where('created_at', '>', isoTime(now - PENDING_MILLISECONDS))
      .executeTakeFirst()
    const user = Number(result.numUpdatedRows) === 1 ? await findValidatedUser(transaction, { id }) : undefined
    return user && { user, removed: await removePendingUsersOf(transaction, user.email) }
  })
}

/** Does nothing if the account is not pending, or if another session signed it up. */
export async function replacePendingPassword(
  database: Kysely<Database>,
  { id, sessionId, password }: { id: string; sessionId: string; password: string },
): Promise<void> {
  const pending = database.updateTable('users').where('id', '=', id).where('validated', '=', 0)
  await pending.where('session_id', '=', sessionId).set({ password }).execute()
}

/** Sets the session that the next validation link opens. */
export async function moveToSession(database: Kysely<Database>, id: string, sessionId: string): Promise<void> {
  await database.updateTable('users').set({ session_id: sessionId }).where('id', '=', id).execute()
}

export async function removePendingUser(database: Kysely<Database>, id: string): Promise<boolean> {
  const result = await database.deleteFrom('users').where('id', '=', id).where('validated', '=', 0).executeTakeFirst()
  return Number(result.numDeletedRows) === 1
}

/** Removes the pending accounts with this address, and returns them. */
export async function removePendingUsersOf(database: Kysely<Database>, email: string): Promise<User[]> {
  return database.deleteFrom('users').where('email', '=', email).where('validated', '=', 0).returningAll().execute()
}

export async function removeExpiredUsers(database: Kysely<Database>, now: number): Promise<void> {
  await database
    .deleteFrom('users')
    .where('validated', '=', 0)
    .where('created_at', '<=', isoTime(now - PENDING_MILLISECONDS))
    .execute()
}

type UserKey = { id: string } | { email: string }

function selectUser(database: Kysely<Database>, by: UserKey) {
  const users = database.selectFrom('users').selectAll()
  return 'id' in by ? users.where('id', '=', by.id) : users.where('email', '=', by.email)
}
