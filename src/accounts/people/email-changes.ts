import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, EmailChange } from '../../../db/tables.ts'
import { isoTime } from '../../mail/index.ts'

// A requested change is kept much longer than the mailed link is valid.
const KEPT_MILLISECONDS = 24 * 60 * 60_000

/** The data of the link in the mail to a new address. */
export interface EmailLinkData {
  /** The id of the requested change. */
  changesEmail: string
  /** The public handle of the device that requested the change. */
  askedBy?: string | undefined
}

/** Stores a requested change and removes an earlier change of the same user. Returns the id of the new change. */
export async function addEmailChange(
  database: Kysely<Database>,
  wanted: Pick<EmailChange, 'user_id' | 'session_id' | 'email'>,
  now: number,
): Promise<string> {
  const id = randomUUID()
  await removeEmailChange(database, wanted.user_id)
  await database
    .insertInto('email_changes')
    .values({ ...wanted, id, asked_at: isoTime(now) })
    .execute()
  return id
}

export async function findEmailChange(database: Kysely<Database>, userId: string): Promise<EmailChange | undefined> {
  return database.selectFrom('email_changes').selectAll().where('user_id', '=', userId).executeTakeFirst()
}

export async function readEmailChange(database: Kysely<Database>, id: string): Promise<EmailChange | undefined> {
  return database.selectFrom('email_changes').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Removes a change and returns it. Of concurrent calls, only one returns the change. */
export async function consumeEmailChange(database: Kysely<Database>, id: string): Promise<EmailChange | undefined> {
  return database.deleteFrom('email_changes').where('id', '=', id).returningAll().executeTakeFirst()
}

export async function removeEmailChange(database: Kysely<Database>, userId: string): Promise<void> {
  await database.deleteFrom('email_changes').where('user_id', '=', userId).execute()
}

export async function removeOldEmailChanges(database: Kysely<Database>, now: number): Promise<void> {
  await database
    .deleteFrom('email_changes')
    .where('asked_at', '<=', isoTime(now - KEPT_MILLISECONDS))
    .execute()
}
