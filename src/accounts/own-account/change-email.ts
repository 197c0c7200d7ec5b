import { inTurn } from '../../../db/transactions.ts'
import { bestEffort, type CrmSession } from '../../crm-session/crm-session.ts'
import { ENDED_BY_USER } from '../../crm-session/end-messages.ts'
import { dropWaitingOf, enqueueMail } from '../../mail/index.ts'
import { identityOf } from '../people/account.ts'
import { accounts, isUnchanged } from '../people/accounts.ts'
import {
  addEmailChange,
  consumeEmailChange,
  type EmailLinkData,
  readEmailChange,
  removeEmailChange,
} from '../people/email-changes.ts'
import { acceptNextStamp, newSecurityStamp } from '../people/security-stamp.ts'
import { removePendingUsersOf } from '../people/users.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { refuseWhenOutboxFull } from '../sign-up/sign-up.ts'
import { noticeDetails } from './change-password.ts'
import { endDevicesBut, endOtherDevicesOf, type SessionsOfDevices, type UserRequest } from './own-devices.ts'

type ChangeEmailParts = Pick<SignInParts, 'database' | 'clock' | 'mail' | 'audit'>

/**
 * Mails a link to the new address. If another account has this address, the mail contains no link, but the response is
 * the same. The response thus hides which addresses have accounts.
 */
export async function requestEmailChange(
  { database, clock, mail }: ChangeEmailParts,
  { session, userId }: Pick<UserRequest, 'session' | 'userId'>,
  email: string,
): Promise<void> {
  await refuseWhenOutboxFull(database)
  await inTurn(database, { user: userId }, async (transaction) => {
    const now = clock.now()
    await dropWaitingOf(transaction, { user_id: userId, kind: 'email-link' })
    if (await accounts.hasEmail(transaction, email)) {
      await removeEmailChange(transaction, userId)
      await enqueueMail(transaction, { kind: 'email-taken', user_id: userId, session_id: '', email }, now)
      return
    }
    const requested = { user_id: userId, session_id: session.id, email }
    const change = await addEmailChange(transaction, requested, now)
    await enqueueMail(
      transaction,
      { ...requested, kind: 'email-link', details: { change, device: session.deviceHandle } },
      now,
    )
  })
  mail.wake()
}

/** `here`: this device requested the change. `over`: the requested change or the account no longer exists. */
export type EmailChanged = { is: 'changed'; here: boolean } | { is: 'taken' } | { is: 'over' }

/**
 * Changes the e-mail address and notifies the old address. Signs out all devices of the user except the device that
 * requested the change, and revokes all API tokens. Opening the link on another device does not sign in that device.
 * If the session store fails after the change, the new security stamp of the account refuses the other sessions.
 * @throws SessionError STORE_UNAVAILABLE when nothing was changed.
 */
export async function changeEmail(
  { database, clock, mail, audit }: ChangeEmailParts,
  sessions: SessionsOfDevices,
  request: UserRequest,
  { changesEmail, askedBy }: EmailLinkData,
): Promise<EmailChanged> {
  const { userId, origin, session } = request
  const { userName, id: sessionId } = session
  const now = clock.now()
  const wanted = await readEmailChange(database, changesEmail)
  const account = wanted?.user_id === userId ? await accounts.findById(database, userId) : undefined
  if (wanted === undefined || account === undefined) return { is: 'over' }
  const stamp = newSecurityStamp()
  // A taken address changes nothing, so it signs no device out.
  const isFree = !(await accounts.hasEmail(database, wanted.email))
  if (isFree && !(await acceptNextStamp(session, account, stamp))) return { is: 'over' }
  const here = isFree && (await keepRequestingDevice(sessions, request, askedBy))
  const result = await inTurn(database, { email: wanted.email, user: userId }, async (transaction) => {
    const change = await consumeEmailChange(transaction, changesEmail)
    if (change === undefined || !(await isUnchanged(transaction, account))) return 'over'
    const { email } = change
    if (await accounts.hasEmail(transaction, email)) return 'taken'
    await removePendingUsersOf(transaction, email)
    await accounts.setEmail(transaction, account, email, stamp)
    const from = account.email
    const notice = { kind: 'email-changed', user_id: userId, session_id: '', email: from } as const
    await enqueueMail(transaction, { ...notice, details: noticeDetails(origin, now) }, now)
    return { from, email, changed: await accounts.findById(transaction, userId) }
  })
  if (typeof result === 'string') return { is: result }
  mail.wake()
  const detail = `from ${result.from} to ${result.email}`
  audit.note({ event: 'email-changed', ...origin, userId, userName, sessionId, detail })

  // A customer's user name is the e-mail address, so the identity in the session must change too.
  const { changed } = result
  if (here && changed !== undefined && changed.userName !== userName)
    await bestEffort(session.setPrivileges(identityOf(changed), { keepStorage: true, login: false }))
  const by = { cause: origin, message: ENDED_BY_USER.email }
  await bestEffort(sessions.endMany({ userId, exceptId: session.id }, 'revoked', by))
  return { is: 'changed', here }
}

/**
 * Signs out all devices of this session except the device that requested the change. Returns whether that device sent
 * this request.
 */
async function keepRequestingDevice(
  sessions: SessionsOfDevices,
  request: UserRequest,
  askedBy: string | undefined,
): Promise<boolean> {
  const { origin, session } = request
  const kept = await requestingDevice(sessions, session, askedBy)
  const isHere = session.deviceHandle !== undefined && session.deviceHandle === kept
  const by = { cause: origin, message: ENDED_BY_USER.email }
  if (isHere) await endOtherDevicesOf(session, sessions, by)
  else if (kept === undefined) await sessions.end(session.id, 'revoked', by)
  else await endDevicesBut(kept, sessions, session.id, by)
  return isHere
}

/**
 * Returns the handle of the device that requested the change. If a cookie rotation has replaced the handle `asker`,
 * returns the handle of the device that authenticated last.
 */
async function requestingDevice(
  sessions: SessionsOfDevices,
  session: CrmSession,
  asker: string | undefined,
): Promise<string | undefined> {
  const { devices = [] } = (await sessions.get(session.id)) ?? {}
  const authenticated = devices.filter(({ kind, authenticatedAt }) => kind === 'cookie' && authenticatedAt !== null)
  const [newest] = authenticated.toSorted((one, other) => Number(other.authenticatedAt) - Number(one.authenticatedAt))
  return devices.find(({ handle }) => handle === asker)?.handle ?? newest?.handle
}
