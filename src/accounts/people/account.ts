import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { roles } from '../../crm-session/privileges.ts'
import type { AccountName } from './login-form.ts'

type AccountRole = keyof typeof roles

/** An account that may sign in: an active salesperson, or a customer whose address is validated. */
export interface Account {
  /** The `userId` of its sessions. */
  readonly userId: string
  /** The user name that the pages show. */
  readonly userName: string
  /** The name for the login form: the userId of staff, or the e-mail address of a customer. */
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

/** An account that was found by the name in a login form. */
export interface NamedAccount {
  account: Account
  /** Whether the address is not validated yet. A pending account may not sign in. */
  isPending: boolean
}

/** The operations on a table of accounts. `database` may be a transaction. */
export interface AccountTable {
  /** Finds an active or pending account by its userId or e-mail address. */
  findByName(database: Kysely<Database>, name: AccountName, now: number): Promise<NamedAccount | undefined>
  /** Finds an account by the `userId` of its sessions. Disabled and pending accounts are not found. */
  findById(database: Kysely<Database>, userId: string): Promise<Account | undefined>
  /** Whether an account has this address. Includes disabled accounts, but not pending accounts. */
  hasEmail(database: Kysely<Database>, email: string): Promise<boolean>
  setEmail(database: Kysely<Database>, account: Account, email: string): Promise<void>
  /**
   * Stores a new password hash (compare-and-set). Returns `false` if the account was disabled, or if its password
   * differs from `account.passwordHash`.
   */
  replacePassword(database: Kysely<Database>, account: Account, passwordHash: string): Promise<boolean>
}

export function identityOf({ userId, userName, role }: Account): Identity {
  return { userId, userName, roles: [role] }
}
