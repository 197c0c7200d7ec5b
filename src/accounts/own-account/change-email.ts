import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Notes } from '../../audit/index.ts'
import type { CrmSession } from '../../crm-session/crm-session.ts'
import { dropWaitingOf, enqueueMail, isOutboxFull } from '../../mail/index.ts'
import { SessionError } from '../../session/index.ts'
import { Problem } from '../../web/problem.ts'
import type { Account } from '../people/authenticate.ts'
import {
  addressOf,
  type EmailLinkData,
  forgetEmailChange,
  readEmailChange,
  takeEmailChange,
  wantEmail,
} from '../people/email-changes.ts'
import { findAccount } from '../people/find-account.ts'
import { personOf } from '../people/person.ts'
import { isTaken, removePendingUserOf } from '../people/users.ts'
import { endEverything, happened } from './change-password.ts'
import type { Here, SessionsOfDevices } from './own-devices.ts'

/** What changing an address needs; `Parts` has it all. */
export interface ChangeEmailParts {
  database: Kysely<Database>
  clock: { now(): number }
  mail: { wake(): void }
  audit: Notes
}

/**
 * Has a link mailed to a new address; a link that was mailed before works no longer. For an address that is taken everything looks the
 * same; only its mailbox is told.
 */
export async function askForEmail(
  { database, clock, mail }: ChangeEmailParts,
  { session, userId }: Pick<Here, 'session' | 'userId'>,
  email: string,
): Promise<void> {
  if (await isOutboxFull(database))
    throw new Problem(503, 'Too many mails are waiting to be sent. Please try again in a few minutes.', {
      'Retry-After': '300',
    })
  await inTurn(database, { user: userId }, async (transaction) => {
    const now = clock.now()
    await dropWaitingOf(transaction, { user_id: userId, kind: 'email-link' })
    if (await isTaken(transaction, email)) {
      await forgetEmailChange(transaction, userId)
      await enqueueMail(transaction, { kind: 'email-taken', user_id: userId, session_id: '', email }, now)
      return
    }
    const asking = { user_id: userId, session_id: session.id, email }
    const change = await wantEmail(transaction, asking, now)
    await enqueueMail(
      transaction,
      { ...asking, kind: 'email-link', details: { change, device: session.deviceHandle } },
      now,
    )
  })
  mail.wake()
}

/**
 * `over`: the link is not the newest one, or the account is gone. `taken`: somebody else has the address by now. `here`: the link was
 * opened on the device that asked, which is still signed in.
 */
export type EmailChanged = { is: 'changed'; here: boolean } | { is: 'taken' } | { is: 'over' }

/**
 * Gives the account the address that its link was mailed to, tells the old one, and signs out everything but the device that asked. That
 * one goes on with a fresh cookie if the link was opened there; elsewhere the link gives nothing but this.
 */
export async function changeEmail(
  { database, clock, mail, audit }: ChangeEmailParts,
  sessions: SessionsOfDevices,
  here: Here,
  { changesEmail, askedBy }: EmailLinkData,
): Promise<EmailChanged> {
  const { userId, origin, session } = here
  const { userName, id: sessionId } = session
  const now = clock.now()
  const wanted = await readEmailChange(database, changesEmail)
  if (wanted === undefined) return { is: 'over' }
  const result = await inTurn(database, { email: wanted.email, user: userId }, async (transaction) => {
    const change = await takeEmailChange(transaction, changesEmail)
    const account = change?.user_id === userId ? await findAccount(transaction, userId) : undefined
    if (change === undefined || account === undefined) return 'over'
    const { email } = change
    if (await isTaken(transaction, email)) return 'taken'
    await storeEmail(transaction, account, email)
    const from = addressOf(account)
    const notice = { kind: 'email-changed', user_id: userId, session_id: '', email: from } as const
    await enqueueMail(transaction, { ...notice, details: happened(origin, now) }, now)
    return { from, email }
  })
  if (typeof result === 'string') return { is: result }
  mail.wake()
  const detail = `from ${result.from} to ${result.email}`
  audit.note({ event: 'email-changed', ...origin, userId, userName, sessionId, detail })

  try {
    return { is: 'changed', here: await signOutOthers(database, sessions, here, askedBy) }
  } catch (error) {
    if (error instanceof SessionError && error.code === 'STORE_UNAVAILABLE')
      return endEverything(sessions, here, 'e-mail address')
    throw error
  }
}

/** Everything but the device that asked is out. Answers whether this is that device. */
async function signOutOthers(
  database: Kysely<Database>,
  sessions: SessionsOfDevices,
  here: Here,
  askedBy: string | undefined,
): Promise<boolean> {
  const { userId, origin, session } = here
  const account = await findAccount(database, userId)
  const kept = await askingDevice(sessions, session, askedBy)
  const isHere = session.deviceHandle !== undefined && session.deviceHandle === kept
  try {
    if (isHere && account !== undefined) await goOnAfresh(session, account)
    else await leaveOnly(kept, sessions, here)
  } finally {
    await sessions.endMany({ userId, exceptId: session.id }, 'revoked', { cause: origin })
  }
  return isHere
}

/** A customer is called by his address, so his session has another name now, and with it another id and cookie. */
async function goOnAfresh(session: CrmSession, account: Account): Promise<void> {
  const person = personOf(account)
  if (person.userName === session.userName) await session.renew({ others: 'end' })
  else await session.setPrivileges(person, { keepStorage: true })
}

/** Which device asked; it may have a newer cookie by now, and then it is the one whose user proved last who he is. */
async function askingDevice(
  sessions: SessionsOfDevices,
  session: CrmSession,
  asker: string | undefined,
): Promise<string | undefined> {
  const { devices = [] } = (await sessions.get(session.id)) ?? {}
  const proved = devices.filter(({ kind, authenticatedAt }) => kind === 'cookie' && authenticatedAt !== null)
  const [newest] = proved.toSorted((one, other) => Number(other.authenticatedAt) - Number(one.authenticatedAt))
  return devices.find(({ handle }) => handle === asker)?.handle ?? newest?.handle
}

/** Everything of the session that asked is out, but for the device that did. */
async function leaveOnly(
  kept: string | undefined,
  sessions: SessionsOfDevices,
  { session, origin }: Here,
): Promise<void> {
  if (kept === undefined) {
    await sessions.end(session.id, 'revoked', { cause: origin })
    return
  }
  const { devices = [] } = (await sessions.get(session.id)) ?? {}
  for (const { handle } of devices)
    if (handle !== kept) await sessions.detach(session.id, handle, 'revoked', { cause: origin })
}

/** An account of this address that nobody validated gives way. */
async function storeEmail(database: Kysely<Database>, account: Account, email: string): Promise<void> {
  await removePendingUserOf(database, email)
  if (account.is === 'customer')
    await database.updateTable('users').set({ email }).where('id', '=', account.user.id).execute()
  else
    await database.updateTable('sales_persons').set({ email }).where('user_id', '=', account.person.user_id).execute()
}
