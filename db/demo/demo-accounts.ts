import type { Kysely } from 'kysely'
import type { Database, Role } from '../tables.ts'

/** The password of all demo accounts. Production has no demo accounts. */
export const DEMO_PASSWORD = 'crm-demo'

const LAST_DEMO_USER_ID = 6

export interface DemoAccount {
  userId: number
  userName: string
  role: Role
}

/** Finds active accounts with the user ids of the demo. */
export async function demoAccounts(database: Kysely<Database>): Promise<DemoAccount[]> {
  const rows = await database
    .selectFrom('sales_persons')
    .select(['user_id', 'firstname', 'lastname', 'role'])
    .where('user_id', '<=', LAST_DEMO_USER_ID)
    .where('active', '=', 1)
    .orderBy('user_id')
    .execute()
  return rows.map((row) => ({ userId: row.user_id, userName: `${row.firstname} ${row.lastname}`, role: row.role }))
}
