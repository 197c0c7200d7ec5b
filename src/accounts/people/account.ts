import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { RoleName } from '../../crm-session/privileges.ts'
import type { AccountName } from './login-form.ts'

/** An account that may sign in: an active salesperson, or a customer whose address is validated. */
export interface Account {
  readonly userId: string
  readonly userName: string
  /** What the user enters to log in: the userId of staff, or the e-mail address of a customer. */
  readonly loginName: string
  readonly email: string
  readonly role: RoleName
  /** A bcrypt hash. `undefined` when the account has no password. */
  readonly passwordHash: string | undefined
  /** See `security_stamp` in `db/tables.ts`. A new hash of the same password does not change it. */
  readonly securityStamp: string
}

interface Identity {
  userId: string
  userName: string
  roles: RoleName[]
}

export interface NamedAccount {
  account: Account
  /** True until the e-mail address is validated. A pending account may not sign in. */
  isPending: boolean
}

/** One table of accounts. `database` may be a transaction. */
export interface AccountTable {
  /** Finds active and pending accounts. Does not find disabled accounts. */
  findByName(database: Kysely<Database>, name: AccountName, now: number): Promise<NamedAccount | undefined>
  /** Finds only accounts that may sign in. */
  findById(database: Kysely<Database>, userId: string): Promise<Account | undefined>
  /** Returns `true` for the address of an active or disabled account. Ignores pending accounts. */
  hasEmail(database: Kysely<Database>, email: string): Promise<boolean>
  /** The methods below that take a `stamp` store it as the account's new security stamp, in the same statement. */
  setEmail(database: Kysely<Database>, account: Account, email: string, stamp: string): Promise<void>
  /** Disables or enables an account. Returns `false` for an unknown or pending account. */
  setActive(database: Kysely<Database>, userId: string, active: 0 | 1, stamp: string): Promise<boolean>
  /** Returns `false` if the account was disabled, or if its stored stamp differs from `account.securityStamp`. */
  replacePassword(database: Kysely<Database>, account: Account, passwordHash: string, stamp: string): Promise<boolean>
  /** Stores a new hash of the same password. Does nothing if the stored hash differs from `account.passwordHash`. */
  renewHash(database: Kysely<Database>, account: Account, passwordHash: string): Promise<void>
}

export function identityOf({ userId, userName, role }: Account): Identity {
  return { userId, userName, roles: [role] }
}
