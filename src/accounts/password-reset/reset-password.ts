import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Notes } from '../../audit/index.ts'
import { bestEffort, type CrmSessions } from '../../crm-session/crm-session.ts'
import { dropWaitingOf, enqueueMail } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { noticeDetails } from '../own-account/change-password.ts'
import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { removeEmailChange } from '../people/email-changes.ts'
import { forgetLogins } from '../people/login-history.ts'
import { consumeReset, type RequestedReset, removeReset } from '../people/password-resets.ts'
import type { Passwords } from '../people/passwords.ts'
import { newSecurityStamp } from '../people/security-stamp.ts'
import type { Origin } from '../sign-in/verify-password.ts'
import { refuseWhenOutboxFull } from '../sign-up/sign-up.ts'

export interface ResetParts {
  database: Kysely<Database>
  passwords: Passwords
  clock: Pick<Clock, 'now'>
  mail: { wake(): void }
  audit: Notes
  /** Null when the server runs without sessions. */
  sessions: Pick<CrmSessions, 'endMany'> | null
}

/**
 * Queues a mail with a link. Does not read the account, so that neither the response nor its time reveals which
 * addresses have accounts. The account is looked up when the mail is sent.
 * @throws Problem 503 when the outbox is full.
 */
export async function requestReset(
  { database, clock, mail }: Pick<ResetParts, 'database' | 'clock' | 'mail'>,
  email: string,
  origin: Origin,
): Promise<void> {
  await refuseWhenOutboxFull(database)
  await inTurn(database, { email }, async (transaction) => {
    const now = clock.now()
    await dropWaitingOf(transaction, { email, kind: 'password-reset' })
    const row = { kind: 'password-reset', user_id: '', session_id: '', email } as const
    await enqueueMail(transaction, { ...row, details: noticeDetails(origin, now) }, now)
  })
  mail.wake()
}

/**
 * Redeems a link: stores the new password and ends all sessions, tokens and links of the user. Does not sign in.
 * Returns `false` if the link was redeemed or the account changed in the meantime.
 */
export async function resetPassword(
  parts: ResetParts,
  { account, reset }: RequestedReset,
  password: string,
  origin: Origin,
): Promise<boolean> {
  return setPassword(parts, account, password, origin, (transaction) => consumeReset(transaction, reset, 'used'))
}

/** Sets a new password. Does not ask for the old one. Ends all sessions, tokens and links of the user. */
export async function setPassword(
  { database, passwords, clock, mail, audit, sessions }: ResetParts,
  account: Account,
  password: string,
  origin: Origin,
  consumeLink?: (transaction: Kysely<Database>) => Promise<boolean>,
): Promise<boolean> {
  const { userId, userName, email } = account
  const hash = await passwords.hash(password)
  const now = clock.now()
  const isStored = await inTurn(database, { user: userId }, async (transaction) => {
    if (consumeLink === undefined) await removeReset(transaction, userId)
    else if (!(await consumeLink(transaction))) return false
    if (!(await accounts.replacePassword(transaction, account, hash, newSecurityStamp()))) return false
    await forgetLogins(transaction, userId)
    await removeEmailChange(transaction, userId)
    const notice = { kind: 'password-changed', user_id: userId, session_id: '', email } as const
    await enqueueMail(transaction, { ...notice, details: noticeDetails(origin, now) }, now)
    return true
  })
  if (!isStored) return false
  mail.wake()
  audit.note({ event: 'password-reset', ...origin, userId, userName })
  const message = 'Your password was reset. Log in with the new one.'
  // If the session store fails, the new security stamp refuses the sessions at their next request.
  if (sessions !== null) await bestEffort(sessions.endMany({ userId }, 'revoked', { message, cause: origin }))
  return true
}
