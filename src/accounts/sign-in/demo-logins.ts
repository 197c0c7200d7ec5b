import type { Kysely } from 'kysely'
import { DEMO_PASSWORD, demoAccounts } from '../../../db/demo/demo-accounts.ts'
import type { Database, Role } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import { writeAddress } from '../../web/query-parameters.ts'

/** The accounts of the demo. The login page at `href` has its form filled in. */
export interface DemoLogins {
  password: string
  accounts: { userId: number; userName: string; role: string; sees: string; href: string }[]
}

const SEES: Record<Role, string> = {
  salesperson: 'own customers',
  manager: 'all customers',
  administrator: 'the administration',
}

/** Returns `undefined` in production. `next` is the page after the login. */
export async function demoLogins(
  { config, database }: { config: Pick<Config, 'profile'>; database: Kysely<Database> },
  next = '',
): Promise<DemoLogins | undefined> {
  if (config.profile !== 'demo') return undefined
  const accounts = (await demoAccounts(database)).map((account) => ({
    ...account,
    sees: SEES[account.role],
    href: writeAddress('/authenticate.shtml', { userId: String(account.userId), next }),
  }))
  return accounts.length === 0 ? undefined : { password: DEMO_PASSWORD, accounts }
}
