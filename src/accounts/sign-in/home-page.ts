import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import { DEMO_PASSWORD, demoAccounts } from '../../../db/demo/demo-accounts.ts'
import type { Database, Role } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import type { PageModel } from '../../web/pages.ts'
import { startPageOf } from './start-pages.ts'

interface HomePage extends PageModel {
  userName: string
  ownStart: string
  sessionsOn: boolean
  /** Undefined in production. */
  demo:
    | { password: string; accounts: { userId: number; userName: string; role: string; sees: string; href: string }[] }
    | undefined
}

const SEES: Record<Role, string> = {
  salesperson: 'own customers',
  manager: 'all customers',
  administrator: 'the administration, no customers',
}

export function homePage({ config, database }: { config: Config; database: Kysely<Database> }) {
  return async function homePage(ctx: Context) {
    const accounts = config.profile === 'demo' ? await demoAccounts(database) : []
    ctx.show<HomePage>('home', {
      title: 'Start',
      userName: ctx.session?.userName ?? '',
      ownStart: ctx.session === null ? '/' : startPageOf(ctx.session),
      sessionsOn: ctx.session !== null,
      demo:
        accounts.length === 0
          ? undefined
          : {
              password: DEMO_PASSWORD,
              accounts: accounts.map((account) => ({
                ...account,
                sees: SEES[account.role],
                href: `/authenticate.shtml?userId=${account.userId}`,
              })),
            },
    })
  }
}
