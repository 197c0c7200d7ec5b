import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, EmailChange } from '../../../db/tables.ts'
import { isoTime } from '../../mail/index.ts'
import type { Account } from './authenticate.ts'

// The link is over long before.
const KEPT_MILLISECONDS = 24 * 60 * 60_000

/** What a mailed link carries. */
export interface EmailLinkData {
  /** Which change it makes. */
  changesEmail: string
  /** The public handle of the device that asked. */
  askedBy?: string | undefined
}

/** Notes that somebody wants another address; what he wanted before is forgotten. Answers the change's id. */
export async function wantEmail(
  database: Kysely<Database>,
  wanted: Pick<EmailChange, 'user_id' | 'session_id' | 'email'>,
  now: number,
): Promise<string> {
  const id = randomUUID()
  await forgetEmailChange(database, wanted.user_id)
  await database
    .insertInto('email_changes')
    .values({ ...wanted, id, asked_at: isoTime(now) })
    .execute()
  return id
}

/** The address that this user wants, if he does. */
export async function findEmailChange(database: Kysely<Database>, userId: string): Promise<EmailChange | undefined> {
  return database.selectFrom('email_changes').selectAll().where('user_id', '=', userId).executeTakeFirst()
}

/** The change of this id, if it is still wanted. */
export async function readEmailChange(database: Kysely<Database>, id: string): Promise<EmailChange | undefined> {
  return database.selectFrom('email_changes').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Forgets what this user wanted, and answers it to exactly one caller. */
export async function takeEmailChange(database: Kysely<Database>, id: string): Promise<EmailChange | undefined> {
  const change = await readEmailChange(database, id)
  if (change === undefined) return undefined
  const result = await database.deleteFrom('email_changes').where('id', '=', id).executeTakeFirst()
  return Number(result.numDeletedRows) === 1 ? change : undefined
}

export async function forgetEmailChange(database: Kysely<Database>, userId: string): Promise<void> {
  await database.deleteFrom('email_changes').where('user_id', '=', userId).execute()
}

/** Forgets what nobody confirmed. */
export async function removeOldEmailChanges(database: Kysely<Database>, now: number): Promise<void> {
  await database
    .deleteFrom('email_changes')
    .where('asked_at', '<=', isoTime(now - KEPT_MILLISECONDS))
    .execute()
}

export function addressOf(account: Account): string {
  return account.is === 'staff' ? account.person.email : account.user.email
}
