import { type ComposeMail, renderMail } from '../mail/index.ts'
import { formatLongMoment } from '../web/format.ts'
import { composeEmailLink, type EmailLinkParts } from './mail/email-link.ts'
import type { NoticeDetails } from './mail/notice-details.ts'
import { composeResetMail, type ResetMailParts } from './password-reset/reset-mail.ts'
import { composeSignUpMail, type SignUpMailParts } from './sign-up/sign-up-mail.ts'

/** Returns the function that composes each mail of the application just before the mail is sent. */
export function composeMail(parts: SignUpMailParts & EmailLinkParts & ResetMailParts): ComposeMail {
  const { config, clock, origins } = parts
  const signUp = composeSignUpMail(parts)
  const emailLink = composeEmailLink(parts)
  const reset = composeResetMail(parts)
  return async function composeMail(row) {
    const { kind, email, details } = row
    if (kind === 'validate' || kind === 'taken') return signUp(row)
    if (kind === 'email-link') return emailLink(row)
    if (kind === 'password-reset') return reset(row)
    // A notification contains no one-time link, so `linkUntil` is set to the current time.
    const notice = JSON.parse(details ?? '{}') as Partial<NoticeDetails>
    const at = notice.at === undefined ? '' : formatLongMoment(notice.at)
    const facts = { ...notice, at, appName: config.appName, origin: origins.forLinks, email }
    return { mail: renderMail(kind, email, facts), linkUntil: clock.now() }
  }
}
