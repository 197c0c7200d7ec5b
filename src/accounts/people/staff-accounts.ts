import { runPrepared } from '../../../db/prepared-queries.ts'
import type { SalesPerson } from '../../../db/tables.ts'
import type { Account, AccountTable } from './account.ts'

export const staffAccounts: AccountTable = {
  async findByName(database, name) {
    const active = database.selectFrom('sales_persons').selectAll().where('active', '=', 1)
    const row = await ('userId' in name
      ? active.where('user_id', '=', name.userId)
      : active.where('email', '=', name.email)
    ).executeTakeFirst()
    return row && { account: accountOf(row), isPending: false }
  },

  async findById(database, userId) {
    const [row] = await runPrepared(database, 'active salesperson', { userId: Number(userId) }, (slot) =>
      database.selectFrom('sales_persons').selectAll().where('user_id', '=', slot('userId')).where('active', '=', 1),
    )
    return row && accountOf(row)
  },

  async hasEmail(database, email) {
    const row = await database
      .selectFrom('sales_persons')
      .select('user_id')
      .where('email', '=', email)
      .executeTakeFirst()
    return row !== undefined
  },

  async setEmail(database, { userId }, email, stamp) {
    const own = database.updateTable('sales_persons').where('user_id', '=', Number(userId))
    await own.set({ email, security_stamp: stamp }).execute()
  },

  async setActive(database, userId, active, stamp) {
    const { numUpdatedRows } = await database
      .updateTable('sales_persons')
      .set({ active, security_stamp: stamp })
      .where('user_id', '=', Number(userId))
      .executeTakeFirst()
    return Number(numUpdatedRows) === 1
  },

  async replacePassword(database, { userId, securityStamp }, password, stamp) {
    const { numUpdatedRows } = await database
      .updateTable('sales_persons')
      .set({ password, security_stamp: stamp })
      .where('user_id', '=', Number(userId))
      .where('security_stamp', '=', securityStamp)
      .where('active', '=', 1)
      .executeTakeFirst()
    return Number(numUpdatedRows) === 1
  },

  async renewHash(database, { userId, passwordHash = '' }, password) {
    const own = database.updateTable('sales_persons').where('user_id', '=', Number(userId))
    await own.where('password', '=', passwordHash).set({ password }).execute()
  },
}

function accountOf({ user_id, firstname, lastname, email, role, password, security_stamp }: SalesPerson): Account {
  const userId = String(user_id)
  return {
    userId,
    userName: `${firstname} ${lastname}`,
    loginName: userId,
    email,
    role,
    passwordHash: password,
    securityStamp: security_stamp,
  }
}
