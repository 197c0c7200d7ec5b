import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Notes } from '../../audit/index.ts'
import { enqueueMail, isoTime } from '../../mail/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { Problem } from '../../web/problem.ts'
import type { Happened } from '../mail/account-mail.ts'
import { type Account, passwordOf } from '../people/authenticate.ts'
import { addressOf, forgetEmailChange } from '../people/email-changes.ts'
import type { Passwords } from '../people/passwords.ts'
import { endOtherDevices, type Here, type SessionsOfDevices } from './own-devices.ts'

const RETRY_AFTER_SECONDS = 5

/** What changing a password needs; `Parts` has it all. */
export interface ChangePasswordParts {
  database: Kysely<Database>
  passwords: Passwords
  clock: { now(): number }
  mail: { wake(): void }
  audit: Notes
}

/**
 * Gives an account another password, once the old one was proved, and signs it out everywhere but here: all devices, API tokens and
 * one-time links. Of two changes at once one wins; the other one gets `false`, and nothing of it is stored.
 */
export async function changePassword(
  { database, passwords, clock, mail, audit }: ChangePasswordParts,
  sessions: SessionsOfDevices,
  here: Here,
  { account, password }: { account: Account; password: string },
): Promise<boolean> {
  const hash = await passwords.hash(password)
  const now = clock.now()
  const details = happened(here.origin, now)
  const stored = await inTurn(database, { user: here.userId }, async (transaction) => {
    if (!(await replaceHash(transaction, account, hash))) return false
    await forgetEmailChange(transaction, here.userId)
    const notice = {
      kind: 'password-changed',
      user_id: here.userId,
      session_id: '',
      email: addressOf(account),
      details,
    } as const
    await enqueueMail(transaction, notice, now)
    return true
  })
  if (!stored) return false
  mail.wake()
  const { userName, id: sessionId } = here.session
  audit.note({ event: 'password-changed', ...here.origin, userId: here.userId, userName, sessionId })
  // From here on nobody signs in with the old password: whoever was just doing so is looked at once more when he is in.
  await endOtherDevices(sessions, here, { login: true }).catch(() => endEverything(sessions, here, 'password'))
  return true
}

/**
 * Something was changed that signs out others, and this session ended meanwhile, or its store does not answer: nobody stays in as before
 * all the same, or else is told of it.
 */
export async function endEverything(
  sessions: SessionsOfDevices,
  { userId, origin }: Here,
  changed: 'password' | 'e-mail address',
): Promise<never> {
  const isDone = await sessions.endMany({ userId }, 'revoked', { cause: origin }).then(
    () => true,
    () => false,
  )
  throw new Problem(
    503,
    isDone
      ? `Your ${changed} was changed, and you were signed out everywhere, here too. Log in with the new ${changed}.`
      : `Your ${changed} was changed, but other devices may still be signed in. Log in with the new ${changed} in a moment, and sign them out under “Your devices”.`,
    { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  )
}

/** When and where from somebody did something, for the notice about it. */
export function happened({ device, address }: Here['origin'], now: number): Happened {
  return { at: isoTime(now), device: describeDevice(device), address }
}

/** Stores the hash if the account still has the one that was proved. */
async function replaceHash(database: Kysely<Database>, account: Account, password: string): Promise<boolean> {
  const former = passwordOf(account) ?? ''
  const { numUpdatedRows } =
    account.is === 'staff'
      ? await database
          .updateTable('sales_persons')
          .set({ password })
          .where('user_id', '=', account.person.user_id)
          .where('password', '=', former)
          .where('active', '=', 1)
          .executeTakeFirst()
      : await database
          .updateTable('users')
          .set({ password })
          .where('id', '=', account.user.id)
          .where('password', '=', former)
          .where('validated', '=', 1)
          .executeTakeFirst()
  return Number(numUpdatedRows) === 1
}
