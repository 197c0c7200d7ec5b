import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import type { CrmSessions } from '../../crm-session/crm-session.ts'
import { type ComposeMail, renderMail } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { formatTime } from '../../web/format.ts'
import { deviceOf, mailedLink, mailedLinkSeconds } from '../mail/mailed-link.ts'
import { accounts } from '../people/accounts.ts'
import { findPendingUser } from '../people/users.ts'
import { linkPurpose } from './sign-up.ts'

const VALIDATE_PATH = '/validateEmail'
const NOT_ME_PATH = '/signup/not-me'

export interface SignUpMailParts {
  config: Pick<Config, 'appName' | 'linkMode' | 'profile' | 'sessionIdleMinutes'>
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
  sessions: Pick<CrmSessions, 'createOTP' | 'get'>
  origins: { forLinks: string }
}

interface LinkData {
  /** The id of the pending account. */
  validates: string
}

/** Composes the mails of a sign-up. A new validation link revokes the link of an earlier mail. */
export function composeSignUpMail(parts: SignUpMailParts): ComposeMail {
  const { config, database, clock, sessions, origins } = parts
  const { appName } = config
  return async function compose({ kind, user_id, session_id, email }) {
    const session = await sessions.get(session_id)
    if (session === undefined) return undefined
    // A validation link must not open the session of a signed-in user.
    if (session.userId !== undefined || session.privileges.length > 0) return undefined
    const linkUntil = Math.min(clock.now() + mailedLinkSeconds(config) * 1000, endOf(session.expirationDate))
    const taken = () => ({ mail: renderMail('taken', email, { appName, email, origin: origins.forLinks }), linkUntil })
    if (kind === 'taken') return taken()
    if ((await findPendingUser(database, { id: user_id }, clock.now())) === undefined)
      return (await accounts.hasEmail(database, email)) ? taken() : undefined
    const data: LinkData = { validates: user_id }
    const terms = { ...mailedLink(config, VALIDATE_PATH), ...deviceOf(session) }
    const token = await sessions.createOTP(session_id, { ...terms, purpose: linkPurpose(user_id), data })
    if (token === '') return undefined
    const facts = {
      appName,
      email,
      validate: `${origins.forLinks}${VALIDATE_PATH}?$4DSID=${token}`,
      notMe: config.profile === 'production' ? await notMeLink(parts, session_id, user_id) : undefined,
      until: formatTime(linkUntil),
    }
    return { mail: renderMail('validate', email, facts), linkUntil }
  }
}

async function notMeLink(
  { config, sessions, origins }: SignUpMailParts,
  sessionId: string,
  userId: string,
): Promise<string> {
  const data = { forgets: userId }
  const purpose = `not me ${userId}`
  const options = { ...mailedLink(config, NOT_ME_PATH), purpose, data, confirm: true, requestOnly: true }
  return `${origins.forLinks}${NOT_ME_PATH}?$4DSID=${await sessions.createOTP(sessionId, options)}`
}

function endOf(expirationDate: string | null): number {
  return expirationDate === null ? Number.POSITIVE_INFINITY : Date.parse(expirationDate)
}
