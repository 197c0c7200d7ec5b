import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { roles } from '../../crm-session/privileges.ts'
import type { AccountName } from './login-form.ts'

type AccountRole = keyof typeof roles

/** An account that may sign in: an active salesperson, or a customer whose address is validated. */
export interface Account {
  /** The `userId` of its sessions. */
  readonly userId: string
  /** What the pages call the user. */
  readonly userName: string
  /** What the user signs in with: the userId of staff, the e-mail address of a customer. */
  readonly loginName: string
  readonly email: string
  readonly role: AccountRole
  /** A bcrypt hash; `undefined` for an account without a password. */
  readonly passwordHash: string | undefined
}

export interface Identity {
  userId: string
  userName: string
  roles: AccountRole[]
}

/** An account found by what was typed into a login form. */
export interface NamedAccount {
  account: Account
  /** The address is not validated yet, so the account may not sign in. */
  isPending: boolean
}

/** A table that holds accounts. `database` may be a transaction. */
export interface AccountTable {
  /** Finds the account that may sign in, or may do so once its address is validated. */
  findByName(database: Kysely<Database>, name: AccountName, now: number): Promise<NamedAccount | undefined>
  /** Finds the account of a session's `userId`, if it may sign in. */
  findById(database: Kysely<Database>, userId: string): Promise<Account | undefined>
  /** Whether an account has this address. Disabled accounts count, pending ones do not. */
  hasEmail(database: Kysely<Database>, email: string): Promise<boolean>
  setEmail(database: Kysely<Database>, account: Account, email: string): Promise<void>
  /** Compare-and-set: stores the hash if the account may sign in and its password is still the one given. */
  replacePassword(database: Kysely<Database>, account: Account, passwordHash: string): Promise<boolean>
}

export function identityOf({ userId, userName, role }: Account): Identity {
  return { userId, userName, roles: [role] }
}
