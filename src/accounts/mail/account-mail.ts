import { type ComposeMail, renderMail } from '../../mail/index.ts'
import { formatLongMoment } from '../../web/format.ts'
import { composeSignUpMail, type SignUpMailParts } from '../sign-up/sign-up-mail.ts'
import { composeEmailLink, type EmailLinkParts } from './email-link.ts'

/** The facts in a notification mail. They are stored with the mail until it is sent. */
export interface NoticeDetails {
  /** ISO 8601, UTC. */
  at: string
  /** For example "Firefox on Windows". */
  device: string
  address: string
  /** The number of earlier notifications that this one replaces. */
  before?: number
}

/** Returns the function that composes every mail of the application when it is sent. */
export function composeMail(parts: SignUpMailParts & EmailLinkParts): ComposeMail {
  const { config, clock, origins } = parts
  const signUp = composeSignUpMail(parts)
  const emailLink = composeEmailLink(parts)
  return async function composeMail(row) {
    const { kind, email, details } = row
    if (kind === 'validate' || kind === 'taken') return signUp(row)
    if (kind === 'email-link') return emailLink(row)
    // A notification has no one-time link, so `linkUntil` is now.
    const notice = JSON.parse(details ?? '{}') as Partial<NoticeDetails>
    const at = notice.at === undefined ? '' : formatLongMoment(notice.at)
    const facts = { ...notice, at, appName: config.appName, origin: origins.forLinks, email }
    return { mail: renderMail(kind, email, facts), linkUntil: clock.now() }
  }
}
