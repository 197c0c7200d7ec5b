import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, User } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { isoTime } from '../../mail/index.ts'

/** How long an account waits for its address to be validated. Then it goes, and the address is free. */
export const PENDING_MILLISECONDS = 24 * 60 * 60_000

export interface NewUser {
  email: string
  /** A hash; null when the password is chosen on the page that the link opens. */
  password: string | null
  sessionId: string
}

/** Somebody whose address was validated. */
export async function findValidatedUser(database: Kysely<Database>, by: UserKey): Promise<User | undefined> {
  return selectUser(database, by).where('validated', '=', 1).executeTakeFirst()
}

/** An account that waits for its address to be validated; one that has waited too long is unknown. */
export async function findPendingUser(database: Kysely<Database>, by: UserKey, now: number): Promise<User | undefined> {
  return selectUser(database, by)
    .where('validated', '=', 0)
    .where('created_at', '>', isoTime(now - PENDING_MILLISECONDS))
    .executeTakeFirst()
}

/** Whether the address belongs to somebody: a validated user, or one of the salespersons. */
export async function isTaken(database: Kysely<Database>, email: string): Promise<boolean> {
  const user = await findValidatedUser(database, { email })
  if (user !== undefined) return true
  const person = await database
    .selectFrom('sales_persons')
    .select('user_id')
    .where('email', '=', email)
    .executeTakeFirst()
  return person !== undefined
}

/** Makes an account that waits; an earlier one of the same address that still waits gives way and is answered. */
export async function addPendingUser(
  database: Kysely<Database>,
  { email, password, sessionId }: NewUser,
  id: string,
  now: number,
): Promise<User | undefined> {
  const former = await selectUser(database, { email }).where('validated', '=', 0).executeTakeFirst()
  if (former !== undefined) await removePendingUser(database, former.id)
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
  return former
}

/** An id for an account: random, so that it never comes back for somebody else. */
export function newUserId(): string {
  return randomUUID()
}

/** Marks the address as validated, and sets the password where it was left open. `undefined`: no such account waits. */
export async function validateUser(
  database: Kysely<Database>,
  id: string,
  now: number,
  password?: string,
): Promise<User | undefined> {
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
    return Number(result.numUpdatedRows) === 1 ? findValidatedUser(transaction, { id }) : undefined
  })
}

/** Another session now waits for this account's link. */
export async function moveToSession(database: Kysely<Database>, id: string, sessionId: string): Promise<void> {
  await database.updateTable('users').set({ session_id: sessionId }).where('id', '=', id).execute()
}

/** Removes an account that waits. Answers whether there was one. */
export async function removePendingUser(database: Kysely<Database>, id: string): Promise<boolean> {
  const result = await database.deleteFrom('users').where('id', '=', id).where('validated', '=', 0).executeTakeFirst()
  return Number(result.numDeletedRows) === 1
}

/** Removes the account of this address that waits, if there is one: somebody else has the address now. */
export async function removePendingUserOf(database: Kysely<Database>, email: string): Promise<void> {
  await database.deleteFrom('users').where('email', '=', email).where('validated', '=', 0).execute()
}

/** Removes the accounts that have waited too long. */
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
