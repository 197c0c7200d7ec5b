import { inTurn } from '../../../db/transactions.ts'
import { ENDED_BY_USER } from '../../crm-session/end-messages.ts'
import { enqueueMail, isoTime } from '../../mail/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { Problem } from '../../web/problem.ts'
import type { NoticeDetails } from '../mail/account-mail.ts'
import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { removeEmailChange } from '../people/email-changes.ts'
import { forgetLogins, storeDeviceToken } from '../people/login-history.ts'
import type { Browser } from '../sign-in/device-cookie.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { endOtherDevices, type SessionsOfDevices, type UserRequest } from './own-devices.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * Changes the password. The caller must have verified the current password. Signs out the user's other devices, deletes
 * their device tokens, and revokes API tokens and one-time links. Returns `false` if a concurrent request changed the
 * password first.
 * @throws Problem 503 when the password was changed but signing out the other devices failed.
 */
export async function changePassword(
  { database, passwords, clock, mail, audit }: Pick<SignInParts, 'database' | 'passwords' | 'clock' | 'mail' | 'audit'>,
  sessions: SessionsOfDevices,
  request: UserRequest,
  { account, password, browser }: { account: Account; password: string; browser: Browser },
): Promise<boolean> {
  const { userId, origin } = request
  const hash = await passwords.hash(password)
  const now = clock.now()
  const token = await inTurn(database, { user: userId }, async (transaction) => {
    if (!(await accounts.replacePassword(transaction, account, hash))) return undefined
    await forgetLogins(transaction, userId)
    await removeEmailChange(transaction, userId)
    const notice = { kind: 'password-changed', user_id: userId, session_id: '', email: account.email } as const
    await enqueueMail(transaction, { ...notice, details: noticeDetails(origin, now) }, now)
    return storeDeviceToken(transaction, userId, browser.token, now)
  })
  if (token === undefined) return false
  browser.keep(token)
  mail.wake()
  const { userName, id: sessionId } = request.session
  audit.note({ event: 'password-changed', ...origin, userId, userName, sessionId })
  // A concurrent login with the old password fails, because `signIn` reads the account again after starting a session.
  const message = ENDED_BY_USER.password
  await endOtherDevices(sessions, request, { login: true, message }).catch(() =>
    endAllDevices(sessions, request, 'password'),
  )
  return true
}

/**
 * Revokes all sessions of the user, including the current session. Call this function when the sign-out of the other
 * devices has failed.
 * @throws Problem 503 in every case. The message of the error says whether the sessions were revoked.
 */
export async function endAllDevices(
  sessions: SessionsOfDevices,
  { userId, origin }: UserRequest,
  changed: 'password' | 'e-mail address',
): Promise<never> {
  const message = changed === 'password' ? ENDED_BY_USER.password : ENDED_BY_USER.email
  const isDone = await sessions.endMany({ userId }, 'revoked', { cause: origin, message }).then(
    () => true,
    () => false,
  )
  throw new Problem(
    503,
    isDone
      ? `Your ${changed} was changed, and you were signed out on all devices, including this one. Log in with the new ${changed}.`
      : `Your ${changed} was changed, but other devices may still be signed in. Log in with the new ${changed} in a moment, and sign them out under “Your devices”.`,
    { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  )
}

export function noticeDetails({ device, address }: UserRequest['origin'], now: number): NoticeDetails {
  return { at: isoTime(now), device: describeDevice(device), address }
}
