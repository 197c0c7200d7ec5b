import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import type { Tour } from '../../tour/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { type DemoLogins, demoLogins } from './demo-logins.ts'
import { startPageOf } from './start-pages.ts'

interface HomePage extends PageModel {
  /** '' for a guest. */
  userName: string
  ownStart: string
  sessionsOn: boolean
  /** Whether the visitor may log in here. */
  canLogIn: boolean
  /** The accounts for a visitor who is not signed in. Only the demo has them. */
  demo: DemoLogins | undefined
  hasLab: boolean
  tour: ReturnType<Tour['overview']>
}

interface HomeParts {
  config: Config
  database: Kysely<Database>
  tour: Pick<Tour, 'overview'> | undefined
}

export function homePage(parts: HomeParts) {
  return async function homePage(ctx: Context) {
    const { session } = ctx
    const isGuest = session?.isGuest() === true
    const demo = isGuest ? await demoLogins(parts) : undefined
    ctx.show<HomePage>('home', {
      title: 'Start',
      userName: session?.userName ?? '',
      ownStart: session === null ? '/' : startPageOf(session),
      sessionsOn: session !== null,
      canLogIn: isGuest && demo === undefined,
      demo,
      hasLab: parts.config.profile === 'demo',
      tour: parts.tour?.overview(ctx),
    })
  }
}
