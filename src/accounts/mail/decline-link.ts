import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import { type CrmSessions, sessionsBehindGuard } from '../../crm-session/crm-session.ts'
import { originOf } from '../../web/request-origin.ts'
import { removePendingUser } from '../people/users.ts'

interface DeclineParts {
  database: Kysely<Database>
  log: Logger
  sessions: Pick<CrmSessions, 'revokeOTP'> | null
}

/** Handles the button "This was not me" of the pages that ask before a link opens. Also removes a pending sign-up. */
export function declineLink({ database, log, sessions }: DeclineParts) {
  return async function declineLink(ctx: Context) {
    const { token } = Object(ctx.request.body) as Record<string, unknown>
    const cause = originOf(ctx)
    const declined = await sessionsBehindGuard(sessions, 'declineLink()').revokeOTP(token, { cause })
    const { validates } = Object(declined?.data) as { validates?: unknown }
    if (typeof validates === 'string') await removePendingUser(database, validates)
    if (declined) log.info({ event: 'link.declined', ip: ctx.ip }, 'a mailed link was declined')
    else ctx.status = 400
    ctx.show('link-declined', { title: 'Link declined', isDeclined: declined !== undefined })
  }
}
