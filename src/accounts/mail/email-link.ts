import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import { type ComposeMail, mailOf } from '../../mail/index.ts'
import type { SessionDescription } from '../../session/index.ts'
import { formatTime } from '../../web/format.ts'
import { type EmailLinkData, findEmailChange } from '../people/email-changes.ts'
import type { LinkMaker } from '../sign-up/sign-up.ts'

/** Where the link leads that proves a new address. */
export const EMAIL_LINK_PATH = '/account/email/confirm'

// Whoever reads the new mailbox in this window gives the account that address. Long enough for slow mail.
const EMAIL_LINK_LIFESPAN_SECONDS = 30 * 60

/** What writing this mail needs. */
export interface EmailLinkParts {
  config: Pick<Config, 'appName' | 'linkMode'>
  database: Kysely<Database>
  clock: { now(): number }
  sessions: LinkMaker & { get(id: string): Promise<Pick<SessionDescription, 'userId' | 'expirationDate'> | undefined> }
  origins: { forLinks: string }
}

/**
 * Writes the mail to a new address. Its link belongs to the session that asked and dies with it; it opens that session for one request
 * only, so that a mistyped address signs nobody in.
 */
export function composeEmailLink({ config, database, clock, sessions, origins }: EmailLinkParts): ComposeMail {
  return async function composeEmailLink({ user_id, session_id, email, details }) {
    const { change, device } = JSON.parse(details ?? '{}') as { change?: string; device?: string }
    const wanted = await findEmailChange(database, user_id)
    const session = await sessions.get(session_id)
    if (wanted === undefined || wanted.id !== change || session?.userId !== user_id) return undefined
    const data: EmailLinkData = { changesEmail: wanted.id, ...(device !== undefined && { askedBy: device }) }
    const token = await sessions.createOTP(session_id, {
      purpose: 'change the e-mail address',
      lifespan: EMAIL_LINK_LIFESPAN_SECONDS,
      path: EMAIL_LINK_PATH,
      confirm: config.linkMode === 'confirm',
      requestOnly: true,
      data,
    })
    if (token === '') return undefined
    const until = clock.now() + EMAIL_LINK_LIFESPAN_SECONDS * 1000
    const linkUntil = session.expirationDate === null ? until : Math.min(until, Date.parse(session.expirationDate))
    const mail = mailOf(email, `Your new e-mail address for ${config.appName}`, [
      `Somebody wants to use ${email} as the address of an account for ${config.appName}. If that was you, open this link:`,
      { link: `${origins.forLinks}${EMAIL_LINK_PATH}?$4DSID=${token}&change=${wanted.id}`, label: 'Use this address' },
      `It works once, until ${formatTime(linkUntil)}, and as long as you stay signed in where you asked for it. Only that device stays signed in then.`,
      'If that was not you, do nothing: the address stays what it is.',
    ])
    return { mail, linkUntil }
  }
}
