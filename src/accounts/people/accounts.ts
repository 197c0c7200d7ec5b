import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Account, AccountTable } from './account.ts'
import { customerAccounts } from './customer-accounts.ts'
import { staffAccounts } from './staff-accounts.ts'

/** If staff and a customer have the same e-mail address, `findByName` returns the staff account. */
export const accounts: AccountTable = {
  async findByName(database, name, now) {
    return (
      (await staffAccounts.findByName(database, name, now)) ?? (await customerAccounts.findByName(database, name, now))
    )
  },

  findById: (database, userId) => tableOf(userId).findById(database, userId),

  async hasEmail(database, email) {
    return (await staffAccounts.hasEmail(database, email)) || (await customerAccounts.hasEmail(database, email))
  },

  setEmail: (database, account, email, stamp) => tableOf(account.userId).setEmail(database, account, email, stamp),

  setActive: (database, userId, active, stamp) => tableOf(userId).setActive(database, userId, active, stamp),

  replacePassword: (database, account, passwordHash, stamp) =>
    tableOf(account.userId).replacePassword(database, account, passwordHash, stamp),

  renewHash: (database, account, passwordHash) => tableOf(account.userId).renewHash(database, account, passwordHash),
}

/** Whether the stored account still has this name, role and security stamp. Call it after a slow step. */
export async function isUnchanged(database: Kysely<Database>, account: Account): Promise<boolean> {
  const current = await accounts.findById(database, account.userId)
  return (
    current?.userName === account.userName &&
    current.role === account.role &&
    current.securityStamp === account.securityStamp
  )
}

/** Staff have numbers as userIds, and customers have UUIDs. */
function tableOf(userId: string): AccountTable {
  return /^\d{1,9}$/.test(userId) ? staffAccounts : customerAccounts
}
