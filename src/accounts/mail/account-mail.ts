import type { MailKind, OutboxRow } from '../../../db/tables.ts'
import { type ComposeMail, type Mail, mailOf, type Paragraph } from '../../mail/index.ts'
import { formatLongMoment } from '../../web/format.ts'
import { composeSignUpMail, type SignUpMailParts } from '../sign-up/sign-up-mail.ts'
import { composeEmailLink, type EmailLinkParts } from './email-link.ts'

/** What a notice tells of what happened; kept with the mail until it goes out. */
export interface Happened {
  /** ISO 8601, UTC. */
  at: string
  /** In words: "Firefox on Windows". */
  device: string
  address: string
  /** How many of the same kind happened shortly before, and are told of by this one. */
  before?: number
}

type NoticeKind = Exclude<MailKind, 'validate' | 'taken' | 'email-link'>

/** Writes every mail of this application at the moment it goes out: those of signing up, and those to people who have an account. */
export function composeMail(parts: SignUpMailParts & EmailLinkParts): ComposeMail {
  const signUp = composeSignUpMail(parts)
  const emailLink = composeEmailLink(parts)
  return async function composeMail(row) {
    if (row.kind === 'validate' || row.kind === 'taken') return signUp(row)
    if (row.kind === 'email-link') return emailLink(row)
    return { mail: noticeOf(row, row.kind, parts.config.appName, parts.origins.forLinks), linkUntil: parts.clock.now() }
  }
}

/** A notice asks for nothing, and nothing in it signs anybody in: its links lead to pages that ask for the password. */
function noticeOf({ email, details }: OutboxRow, kind: NoticeKind, appName: string, origin: string): Mail {
  const [subject, ...paragraphs] = NOTICES[kind]({
    appName,
    origin,
    email,
    happened: JSON.parse(details ?? '{}') as Happened,
  })
  return mailOf(email, subject, paragraphs)
}

interface About {
  appName: string
  /** Where this server is. */
  origin: string
  email: string
  happened: Happened
}

const NOTICES: Record<NoticeKind, (about: About) => [subject: string, ...Paragraph[]]> = {
  'password-changed': ({ appName, origin, happened }) => [
    `Your password for ${appName} was changed`,
    `This was done ${whereOf(happened)}.`,
    'All other devices were signed out, and all API tokens have ended.',
    'If that was not you, somebody else knew your password. Ask whoever runs this server to lock your account.',
    { link: `${origin}/authenticate.shtml`, label: 'Log in' },
  ],
  'email-changed': ({ appName, happened }) => [
    `Your e-mail address for ${appName} was changed`,
    `This was done ${whereOf(happened)}.`,
    'From now on mail goes to the new address, and this one does not sign you in any more. Only the device that asked for it stays signed in.',
    'If that was not you, ask whoever runs this server to lock your account.',
  ],
  'new-device': ({ appName, origin, happened }) => [
    `A new device signed in to ${appName}`,
    `Somebody signed in as you with a browser or program that you had not used here before, ${whereOf(happened)}.`,
    ...(happened.before === undefined ? [] : [`Shortly before that there ${newOnes(happened.before)}.`]),
    'If that was you, there is nothing to do. If it was not, sign that device out and change your password at once.',
    { link: `${origin}/account/sessions`, label: 'See where you are signed in' },
    { link: `${origin}/account/password`, label: 'Change your password' },
  ],
  'email-taken': ({ appName, origin, email }) => [
    `You already have an account for ${appName}`,
    `Somebody wants to use ${email} as the address of another account. It belongs to yours already, so nothing was changed.`,
    'If that was not you, do nothing.',
    { link: `${origin}/authenticate.shtml`, label: 'Log in' },
  ],
}

function newOnes(count: number): string {
  return count === 1 ? 'was another new one' : `were ${count} other new ones`
}

/** "on 5 January 2026 at 09:00 UTC, from the address 192.0.2.1 (Firefox on Windows)" */
function whereOf({ at, device, address }: Happened): string {
  return `on ${formatLongMoment(at)}, from the address ${address} (${device})`
}
