import type { User } from '../../../db/tables.ts'
import { isoTime } from '../../mail/index.ts'
import type { Account, AccountTable } from './account.ts'
import { findValidatedUser, PENDING_MILLISECONDS } from './users.ts'

export const customerAccounts: AccountTable = {
  async findByName(database, name, now) {
    if ('userId' in name) return undefined
    const row = await database
      .selectFrom('users')
      .selectAll()
      .where('email', '=', name.email)
      .where('active', '=', 1)
      .where((where) =>
        where.or([where('validated', '=', 1), where('created_at', '>', isoTime(now - PENDING_MILLISECONDS))]),
      )
      .orderBy('validated', 'desc')
      .executeTakeFirst()
    return row && { account: accountOf(row), isPending: row.validated === 0 }
  },

  async findById(database, userId) {
    const row = await findValidatedUser(database, { id: userId })
    return row?.active === 1 ? accountOf(row) : undefined
  },

  async hasEmail(database, email) {
    return (await findValidatedUser(database, { email })) !== undefined
  },

  async setEmail(database, { userId }, email, stamp) {
    await database.updateTable('users').set({ email, security_stamp: stamp }).where('id', '=', userId).execute()
  },

  async setActive(database, userId, active, stamp) {
    const { numUpdatedRows } = await database
      .updateTable('users')
      .set({ active, security_stamp: stamp })
      .where('id', '=', userId)
      .where('validated', '=', 1)
      .executeTakeFirst()
    return Number(numUpdatedRows) === 1
  },

  async replacePassword(database, { userId, securityStamp }, password, stamp) {
    const { numUpdatedRows } = await database
      .updateTable('users')
      .set({ password, security_stamp: stamp })
      .where('id', '=', userId)
      .where('security_stamp', '=', securityStamp)
      .where('validated', '=', 1)
      .where('active', '=', 1)
      .executeTakeFirst()
    return Number(numUpdatedRows) === 1
  },

  async renewHash(database, { userId, passwordHash = '' }, password) {
    const own = database.updateTable('users').where('id', '=', userId).where('password', '=', passwordHash)
    await own.set({ password }).execute()
  },
}

function accountOf({ id, email, password, security_stamp }: User): Account {
  return {
    userId: id,
    userName: email,
    loginName: email,
    email,
    role: 'customer',
    passwordHash: password ?? undefined,
    securityStamp: security_stamp,
  }
}
