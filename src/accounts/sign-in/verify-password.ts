import { inTurn } from '../../../db/transactions.ts'
import type { Notes } from '../../audit/index.ts'
import { enqueueMail, isoTime } from '../../mail/index.ts'
import { currentVisit } from '../../public-demo/visit.ts'
import { describeDevice } from '../../web/device-description.ts'
import type { NoticeDetails } from '../mail/notice-details.ts'
import type { Account } from '../people/account.ts'
import { clearFailures, countFailure, isKnownDevice, unlock } from '../people/login-history.ts'
import type { Passwords } from '../people/passwords.ts'
import { noteDamagedHash } from '../people/stored-passwords.ts'
import type { KnownDeviceParts } from './known-devices.ts'
import type { LoginLimit } from './login-limit.ts'

/** Where a request comes from, for the rate limit, the log and the audit trail. */
export interface Origin {
  requestId: string
  address: string
  device: string | null
}

export interface VerifyParts extends KnownDeviceParts {
  passwords: Passwords
  loginLimit: LoginLimit
  audit: Notes
}

interface Attempt {
  /** The userId or the e-mail address as it was entered. */
  name: number | string
  password: string
  /** `undefined` if the account does not exist, or may not sign in. */
  account: Account | undefined
  /** A password is verified even if there is no hash, so that timing does not reveal which accounts exist. */
  passwordHash: string | undefined
  origin: Origin
  /** The token in the device cookie. */
  deviceToken: string | undefined
  session?: string
}

type Verified =
  | { is: 'right' | 'wrong' }
  /** Too many consecutive failures. To the client, this looks like a wrong password. */
  | { is: 'locked' }
  | { is: 'limited'; retryAfterSeconds: number }

/**
 * Verifies a password within the limits. After a right password, checks the limits again, so that concurrent guesses
 * have no advantage over sequential guesses.
 * @throws Problem 503 when too many passwords are being verified.
 * @throws SessionError STORE_UNAVAILABLE when the rate limit is unavailable.
 */
export async function verifyPassword(parts: VerifyParts, attempt: Attempt): Promise<Verified> {
  const { database, log, passwords, loginLimit, clock } = parts
  const { account, deviceToken: token } = attempt
  const device =
    account !== undefined && token !== undefined && (await isKnownDevice(database, account.userId, token, clock.now()))
      ? { userId: account.userId, token }
      : undefined
  const limit = loginLimit.attempt({ ...attempt, address: attempt.origin.address, device })

  const before = await limit.wait()
  if (before !== undefined) return { is: 'limited', retryAfterSeconds: before }
  noteDamagedHash(log, account)
  const fits = await passwords.verify(attempt.password, attempt.passwordHash)
  if (fits) {
    const after = await limit.wait()
    if (after !== undefined) return { is: 'limited', retryAfterSeconds: after }
    if (account === undefined) return { is: 'right' }
    if (device !== undefined) await unlock(database, account.userId)
    if (device !== undefined || (await clearFailures(database, account.userId))) return { is: 'right' }
  }

  // On a locked account, a right password counts as a failure too. Otherwise the answers would reveal it.
  // On a public demo, a stranger could lock the accounts of the demo for everybody. Only networks are limited there.
  const mayLock = account !== undefined && device === undefined && currentVisit() === undefined
  const counted = mayLock && (await countFailure(database, account.userId))
  if (account && counted === 'locks') await noteLock(parts, account, attempt.origin)
  const retryAfterSeconds = await limit.fail()
  if (retryAfterSeconds !== undefined) return { is: 'limited', retryAfterSeconds }
  return { is: counted === 'is locked' ? 'locked' : 'wrong' }
}

/** Mails the user why the right password is refused on a new device. */
async function noteLock(
  { database, log, clock, mail, audit }: VerifyParts,
  { userId, userName, email }: Account,
  origin: Origin,
): Promise<void> {
  log.warn({ event: 'account.locked', userId }, 'account locked on unknown devices')
  audit.note({ event: 'account-locked', ...origin, userId, userName })
  const now = clock.now()
  const details: NoticeDetails = { at: isoTime(now), device: describeDevice(origin.device), address: origin.address }
  try {
    await inTurn(database, { user: userId, email }, (transaction) =>
      enqueueMail(transaction, { kind: 'locked', user_id: userId, session_id: '', email, details }, now),
    )
    mail.wake()
  } catch (error) {
    log.warn({ event: 'account.locked', err: error, userId }, 'the mail about the locked account could not be stored')
  }
}
