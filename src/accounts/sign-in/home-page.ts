import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import type { PageModel } from '../../web/pages.ts'
import { type DemoLogins, demoLogins } from './demo-logins.ts'
import { startPageOf } from './start-pages.ts'

interface HomePage extends PageModel {
  userName: string
  ownStart: string
  sessionsOn: boolean
  demo: DemoLogins | undefined
}

export function homePage(parts: { config: Config; database: Kysely<Database> }) {
  return async function homePage(ctx: Context) {
    ctx.show<HomePage>('home', {
      title: 'Start',
      userName: ctx.session?.userName ?? '',
      ownStart: ctx.session === null ? '/' : startPageOf(ctx.session),
      sessionsOn: ctx.session !== null,
      demo: await demoLogins(parts),
    })
  }
}
