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
}

export interface Identity {
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
  /** Also finds pending accounts, but no disabled ones. */
  findByName(database: Kysely<Database>, name: AccountName, now: number): Promise<NamedAccount | undefined>
  /** Finds neither disabled nor pending accounts. */
  findById(database: Kysely<Database>, userId: string): Promise<Account | undefined>
  /** Returns `true` also for a disabled account, but not for a pending one. */
  hasEmail(database: Kysely<Database>, email: string): Promise<boolean>
  setEmail(database: Kysely<Database>, account: Account, email: string): Promise<void>
  /** Returns `false` if the account was disabled, or if its password is no longer `account.passwordHash`. */
  replacePassword(database: Kysely<Database>, account: Account, passwordHash: string): Promise<boolean>
}

export function identityOf({ userId, userName, role }: Account): Identity {
  return { userId, userName, roles: [role] }
}
