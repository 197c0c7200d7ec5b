import type { Kysely } from 'kysely'
import type { Database, SalesPerson, User } from '../../../db/tables.ts'
import type { AccountName } from './login-form.ts'
import type { Passwords } from './passwords.ts'
import { findActiveSalesperson } from './salespersons.ts'
import { findPendingUser, findValidatedUser } from './users.ts'

/** Whoever may sign in: somebody of the staff, or a customer who signed up. */
export type Account = { is: 'staff'; person: SalesPerson } | { is: 'customer'; user: User }

export type Authenticated =
  | { ok: true; account: Account }
  | { ok: false; reason: 'unknown' | 'wrong' }
  /** The password fits, and the address was not validated yet. */
  | { ok: false; reason: 'pending'; user: User }

interface Source {
  database: Kysely<Database>
  passwords: Passwords
  clock: { now(): number }
}

/** Which account is that, and does the password fit? Every answer takes the same work. */
export async function authenticate(source: Source, name: AccountName, password: string): Promise<Authenticated> {
  const account = await findAccountByName(source.database, name)
  const pending =
    account === undefined && 'email' in name
      ? await findPendingUser(source.database, name, source.clock.now())
      : undefined
  const fits = await source.passwords.verify(password, passwordOf(account) ?? pending?.password ?? undefined)
  if (account === undefined)
    return fits && pending ? { ok: false, reason: 'pending', user: pending } : { ok: false, reason: 'unknown' }
  return fits ? { ok: true, account } : { ok: false, reason: 'wrong' }
}

/** Whether the account is still what it was when the password was verified: that took a while, and people get dismissed. */
export async function isUnchanged(database: Kysely<Database>, account: Account): Promise<boolean> {
  if (account.is === 'customer') {
    const now = await findValidatedUser(database, { id: account.user.id })
    return now !== undefined && now.password === account.user.password && now.email === account.user.email
  }
  const now = await findActiveSalesperson(database, { userId: account.person.user_id })
  return now !== undefined && now.role === account.person.role && now.password === account.person.password
}

/** Whoever may sign in by this name; `undefined` when nobody may. */
export async function findAccountByName(database: Kysely<Database>, name: AccountName): Promise<Account | undefined> {
  const person = await findActiveSalesperson(database, name)
  if (person !== undefined) return { is: 'staff', person }
  const user = 'email' in name ? await findValidatedUser(database, name) : undefined
  return user && { is: 'customer', user }
}

/** The hash of his password; `undefined` where there is none. */
export function passwordOf(account: Account | undefined): string | undefined {
  if (account === undefined) return undefined
  return account.is === 'staff' ? account.person.password : (account.user.password ?? undefined)
}
