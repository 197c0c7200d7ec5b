import type { Kysely } from 'kysely'
import type { Database, SalesPerson } from '../database.js'
import type { Passwords } from './passwords.js'
import { findActiveSalesperson } from './salespersons.js'

export type Authenticated = { ok: true; person: SalesPerson } | { ok: false; reason: 'unknown' | 'wrong' }

/** Which userId belongs to which person, and does the password fit? Both answers take the same work. */
export async function authenticate(
  { database, passwords }: { database: Kysely<Database>; passwords: Passwords },
  userId: number,
  password: string,
): Promise<Authenticated> {
  const person = await findActiveSalesperson(database, userId)
  const fits = await passwords.verify(password, person?.password)
  if (person === undefined) return { ok: false, reason: 'unknown' }
  return fits ? { ok: true, person } : { ok: false, reason: 'wrong' }
}

/** Whether the account is still what it was when the password was verified: that took a while, and people get dismissed. */
export async function isUnchanged(database: Kysely<Database>, person: SalesPerson): Promise<boolean> {
  const now = await findActiveSalesperson(database, person.user_id)
  return now !== undefined && now.role === person.role && now.password === person.password
}
