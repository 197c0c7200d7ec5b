import { inTurn } from '../../../db/transactions.ts'
import { bestEffort } from '../../crm-session/crm-session.ts'
import { ENDED_BY_USER } from '../../crm-session/end-messages.ts'
import { enqueueMail, isoTime } from '../../mail/index.ts'
import { SessionError } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import type { NoticeDetails } from '../mail/notice-details.ts'
import type { Account } from '../people/account.ts'
import { accounts } from '../people/accounts.ts'
import { removeEmailChange } from '../people/email-changes.ts'
import { forgetLogins, storeDeviceToken } from '../people/login-history.ts'
import { acceptNextStamp, newSecurityStamp } from '../people/security-stamp.ts'
import type { Browser } from '../sign-in/device-cookie.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { endOtherDevicesOf, type SessionsOfDevices, type UserRequest } from './own-devices.ts'

/**
 * Changes the password. The caller must have verified the current password. Signs out the user's other devices, deletes
 * their device tokens, and revokes API tokens and one-time links. If the session store fails after the change, the new
 * security stamp of the account refuses them at their next request. Returns `false` if a concurrent request changed the
 * password or ended the session first.
 * @throws SessionError STORE_UNAVAILABLE when nothing was changed.
 */
export async function changePassword(
  { database, passwords, clock, mail, audit }: Pick<SignInParts, 'database' | 'passwords' | 'clock' | 'mail' | 'audit'>,
  sessions: SessionsOfDevices,
  request: UserRequest,
  { account, password, browser }: { account: Account; password: string; browser: Browser },
): Promise<boolean> {
  const { userId, origin, session } = request
  const hash = await passwords.hash(password)
  const stamp = newSecurityStamp()
  if (!(await keepThisDevice(sessions, request, account, stamp))) return false
  const now = clock.now()
  const token = await inTurn(database, { user: userId }, async (transaction) => {
    if (!(await accounts.replacePassword(transaction, account, hash, stamp))) return undefined
    await forgetLogins(transaction, userId)
    await removeEmailChange(transaction, userId)
    const notice = { kind: 'password-changed', user_id: userId, session_id: '', email: account.email } as const
    await enqueueMail(transaction, { ...notice, details: noticeDetails(origin, now) }, now)
    return storeDeviceToken(transaction, userId, browser.token, now)
  })
  if (token === undefined) return false
  browser.keep(token)
  mail.wake()
  const { userName, id: sessionId } = session
  audit.note({ event: 'password-changed', ...origin, userId, userName, sessionId })
  const by = { cause: origin, message: ENDED_BY_USER.password }
  await bestEffort(sessions.endMany({ userId, exceptId: sessionId }, 'revoked', by))
  return true
}

/**
 * Signs out the other devices of this session, and lets this device stay signed in after the change. Returns `false` if
 * the session has ended or the account has changed in the meantime.
 */
async function keepThisDevice(
  sessions: SessionsOfDevices,
  { session, origin }: UserRequest,
  account: Account,
  stamp: string,
): Promise<boolean> {
  const by = { cause: origin, message: ENDED_BY_USER.password }
  try {
    if (!(await acceptNextStamp(session, account, stamp))) return false
    await endOtherDevicesOf(session, sessions, by, { login: true, proof: 'password' })
    return true
  } catch (error) {
    if (error instanceof SessionError && error.code === 'SESSION_ENDED') return false
    throw error
  }
}

export function noticeDetails({ device, address }: UserRequest['origin'], now: number): NoticeDetails {
  return { at: isoTime(now), device: describeDevice(device), address }
}
