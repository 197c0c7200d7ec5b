import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import type { CrmSessions } from '../../crm-session/crm-session.ts'
import { type ComposeMail, renderMail } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { formatTime } from '../../web/format.ts'
import { type EmailLinkData, findEmailChange } from '../people/email-changes.ts'
import { MAILED_LINK_SECONDS } from './mailed-link.ts'

const EMAIL_LINK_PATH = '/account/email/confirm'

export interface EmailLinkParts {
  config: Pick<Config, 'appName' | 'linkMode'>
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
  sessions: Pick<CrmSessions, 'createOTP' | 'get'>
  origins: { forLinks: string }
}

/**
 * Composes the mail to the new address. The link restores the session for one request only. The user may have mistyped
 * the address, and the link must not sign in the stranger who receives the mail.
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
      lifespan: MAILED_LINK_SECONDS,
      path: EMAIL_LINK_PATH,
      confirm: config.linkMode === 'confirm',
      requestOnly: true,
      data,
      device: session.devices.find(({ handle }) => handle === device)?.device ?? null,
    })
    if (token === '') return undefined
    const until = clock.now() + MAILED_LINK_SECONDS * 1000
    const linkUntil = session.expirationDate === null ? until : Math.min(until, Date.parse(session.expirationDate))
    const facts = {
      appName: config.appName,
      email,
      confirm: `${origins.forLinks}${EMAIL_LINK_PATH}?$4DSID=${token}`,
      until: formatTime(linkUntil),
    }
    return { mail: renderMail('email-link', email, facts), linkUntil }
  }
}
