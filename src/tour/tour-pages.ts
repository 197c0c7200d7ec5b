import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import { demoAccounts } from '../../db/demo/demo-accounts.ts'
import type { Database } from '../../db/tables.ts'
import { type CrmSession, currentSession, signedIn } from '../crm-session/crm-session.ts'
import { type QrCode, qrCodeOf } from '../mail/index.ts'
import { safeNext } from '../session/http/index.ts'
import type { PageModel } from '../web/pages.ts'
import { writeAddress } from '../web/query-parameters.ts'
import { CONSOLE_STEP, DATA_PAGE, DATA_STEP, FIRST_STEP, LOGIN_PAGE, readStep, STEPS } from './steps.ts'

export const LINK_MINUTES = 15

interface LinkPage extends PageModel {
  link: string
  /** Undefined for a link that a phone cannot open. */
  qr: QrCode | undefined
  minutes: number
}

interface TourParts {
  database: Kysely<Database>
  origins: { forLinks: string }
}

export function tourPages({ database, origins }: TourParts) {
  /** The console is closed to most users, so this step begins with the login of an administrator. */
  async function pageOf(step: number, session: CrmSession): Promise<string> {
    const { page = '/' } = STEPS[step - 1] ?? {}
    if (step !== CONSOLE_STEP || session.hasPrivilege('WebAdmin')) return page
    const administrator = (await demoAccounts(database)).find(({ role }) => role === 'administrator')
    return writeAddress(LOGIN_PAGE, { userId: administrator && String(administrator.userId), next: page })
  }

  return {
    /** Starts the tour, or goes on to another step. A guest begins with the login. */
    async go(ctx: Context) {
      const session = currentSession(ctx)
      const { step } = Object(ctx.request.body) as Record<string, unknown>
      const wanted = readStep(step) ?? FIRST_STEP
      const next = session.isGuest() ? FIRST_STEP : Math.max(wanted, DATA_STEP)
      await session.begin()
      await session.use((storage) => {
        storage.tour = { step: next }
      })
      ctx.status = 303
      ctx.redirect(await pageOf(next, session))
    },

    async end(ctx: Context) {
      const session = currentSession(ctx)
      const { page } = Object(ctx.request.body) as Record<string, unknown>
      if (session.storage.tour !== undefined)
        await session.use((storage) => {
          delete storage.tour
        })
      ctx.status = 303
      ctx.redirect(safeNext(page) ?? '/')
    },

    /** Shows a link that opens the user's session on another device. A newer link replaces it. */
    async makeLink(ctx: Context) {
      const { session } = signedIn(ctx)
      const token = await session.createOTP({
        purpose: 'tour',
        lifespan: LINK_MINUTES * 60,
        path: DATA_PAGE,
        confirm: true,
      })
      const link = `${origins.forLinks}${DATA_PAGE}?$4DSID=${token}`
      ctx.show<LinkPage>('tour/link', {
        title: 'Your one-time link',
        link,
        qr: qrCodeOf(link),
        minutes: LINK_MINUTES,
      })
    },
  }
}
