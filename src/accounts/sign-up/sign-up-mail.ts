import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import type { Config } from '../../config/config.ts'
import { anchor, type ComposeMail, escapeHtml, htmlMail, type Mail, strong } from '../../mail/index.ts'
import type { SessionDescription } from '../../session/index.ts'
import { formatTime } from '../../web/format.ts'
import { findPendingUser, findValidatedUser } from '../people/users.ts'
import { type LinkMaker, linkPurpose } from './sign-up.ts'

/** What writing these mails needs. */
export interface SignUpMailParts {
  config: Pick<Config, 'appName' | 'linkMode' | 'profile' | 'sessionIdleMinutes'>
  database: Kysely<Database>
  clock: { now(): number }
  sessions: LinkMaker & { get(id: string): Promise<SignedUpSession | undefined> }
  origins: { forLinks: string }
}

type SignedUpSession = Pick<SessionDescription, 'expirationDate' | 'userId' | 'privileges'>

/** The data that a validation link carries: whom it validates. */
export interface LinkData {
  validates: string
}

/** Writes the mails of signing up, each at the moment it goes out: only then is its link made, and an earlier one ended. */
export function composeSignUpMail(parts: SignUpMailParts): ComposeMail {
  const { config, database, clock, sessions, origins } = parts
  return async function compose({ kind, user_id, session_id, email }) {
    const session = await sessions.get(session_id)
    if (session === undefined) return undefined
    // Somebody signed in there meanwhile: no mail may open his session.
    if (session.userId !== undefined || session.privileges.length > 0) return undefined
    const linkUntil = Math.min(clock.now() + config.sessionIdleMinutes * 60_000, endOf(session.expirationDate))
    if (kind === 'taken') return { mail: takenMail(config.appName, email, origins.forLinks), linkUntil }
    if ((await findPendingUser(database, { id: user_id }, clock.now())) === undefined) {
      const isDone = (await findValidatedUser(database, { id: user_id })) !== undefined
      return isDone ? { mail: takenMail(config.appName, email, origins.forLinks), linkUntil } : undefined
    }
    const data: LinkData = { validates: user_id }
    const confirm = config.linkMode === 'confirm'
    const token = await sessions.createOTP(session_id, { purpose: linkPurpose(user_id), confirm, data })
    if (token === '') return undefined
    const link = `${origins.forLinks}/validateEmail?$4DSID=${token}`
    // Whoever did not sign up can say so, in the profile for real people.
    const notMe = config.profile === 'production' ? await notMeLink(parts, session_id, user_id) : undefined
    return { mail: validationMail({ appName: config.appName, email, link, notMe, linkUntil }), linkUntil }
  }
}

async function notMeLink({ sessions, origins }: SignUpMailParts, sessionId: string, userId: string): Promise<string> {
  const data = { forgets: userId }
  const purpose = `not me ${userId}`
  const options = { purpose, data, path: '/signup/not-me', confirm: true, requestOnly: true }
  return `${origins.forLinks}/signup/not-me?$4DSID=${await sessions.createOTP(sessionId, options)}`
}

function validationMail(about: {
  appName: string
  email: string
  link: string
  notMe: string | undefined
  linkUntil: number
}): Mail {
  const { appName, email, link, notMe } = about
  const until = formatTime(about.linkUntil)
  const doubt =
    notMe === undefined
      ? 'If you did not sign up, do nothing: the account goes away by itself.'
      : 'Was this not you? This deletes the account:'
  return {
    to: email,
    subject: `Validate your e-mail address for ${appName}`,
    text: [
      `Somebody signed up for ${appName} with the address ${email}.`,
      '',
      'If that was you, open this link to validate the address:',
      link,
      '',
      `It works once, until ${until}.`,
      '',
      doubt,
      ...(notMe === undefined ? [] : [notMe]),
      '',
    ].join('\n'),
    html: htmlMail(`Validate your e-mail address for ${appName}`, [
      `Somebody signed up for ${strong(appName)} with the address ${strong(email)}.`,
      'If that was you, open this link to validate the address:',
      `<b>${anchor(link, 'Validate this address')}</b>`,
      `It works once, until ${escapeHtml(until)}.`,
      notMe === undefined ? escapeHtml(doubt) : `${escapeHtml(doubt)} ${anchor(notMe, 'this was not me')}.`,
    ]),
    links: notMe === undefined ? [link] : [link, notMe],
  }
}

function takenMail(appName: string, email: string, origin: string): Mail {
  const link = `${origin}/authenticate.shtml`
  const subject = `You already have an account for ${appName}`
  return {
    to: email,
    subject,
    text: [
      `Somebody tried to sign up for ${appName} with the address ${email}.`,
      '',
      'There is an account with this address already, so nothing was changed. You can log in here:',
      link,
      '',
      'If that was not you, do nothing.',
      '',
    ].join('\n'),
    html: htmlMail(subject, [
      `Somebody tried to sign up for ${strong(appName)} with the address ${strong(email)}.`,
      `There is an account with this address already, so nothing was changed. ${anchor(link, 'Log in')}`,
      'If that was not you, do nothing.',
    ]),
    links: [link],
  }
}

function endOf(expirationDate: string | null): number {
  return expirationDate === null ? Number.POSITIVE_INFINITY : Date.parse(expirationDate)
}
