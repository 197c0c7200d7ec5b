import type { Config } from '../../config/config.ts'
import { formatCount } from '../../web/format.ts'
import type { Account, NamedAccount } from '../people/account.ts'
import { accounts, isUnchanged } from '../people/accounts.ts'
import type { AccountName } from '../people/login-form.ts'
import { rollback } from '../people/rollback.ts'
import { renewHash } from '../people/stored-passwords.ts'
import type { Browser, DeviceCookie } from './device-cookie.ts'
import { rememberDevice } from './known-devices.ts'
import { type Origin, type VerifyParts, verifyPassword } from './verify-password.ts'

export interface SignInParts extends VerifyParts {
  config: Pick<Config, 'loginText'>
  deviceCookie: DeviceCookie
}

interface Credentials extends Origin {
  account: AccountName
  password: string
  /** Absent for the API, whose clients send no cookies. */
  browser?: Browser
}

type Failure = 'unknown' | 'wrong' | 'locked' | 'limited' | 'pending'

interface StartedSession {
  readonly id: string
  close(): Promise<void>
}

/** The result of `signIn`. `message` is written for the user. */
export type SignedIn =
  /** The password was not verified, because too many attempts have failed. */
  | { is: 'limited'; retryAfterSeconds: number; message: string }
  /** With `LOGIN_TEXT=uniform`, the response must not reveal `reason`. */
  | { is: 'refused'; reason: 'unknown' | 'wrong'; message: string }
  /** The password is right, but the address is not validated yet. */
  | { is: 'pending'; account: Account; message: string }
  | { is: 'account'; account: Account }

const TEXTS = {
  documented: { unknown: 'This userId is unknown', wrong: 'This password is wrong' },
  uniform: { unknown: 'This userId or this password is wrong', wrong: 'This userId or this password is wrong' },
}

/**
 * Signs a user in, for the login page and the API. Verifies the password, calls `start` to start the session, and then
 * makes the browser a known device of the account.
 * Closes the session again if the account was disabled or changed in the meantime. If that fails, the security stamp of
 * the verified account keeps the session out. Rethrows an error of `start`, which does not count as a failed attempt.
 * @throws Problem 503 when too many passwords are being verified.
 * @throws SessionError STORE_UNAVAILABLE when the rate limit is unavailable.
 */
export async function signIn(
  parts: SignInParts,
  { account: name, password, browser, ...origin }: Credentials,
  start: (account: Account) => Promise<StartedSession>,
): Promise<SignedIn> {
  const { config, log, database, clock } = parts
  const { address } = origin
  const named = await accounts.findByName(database, name, clock.now())
  const typed = nameForLog(name, named)
  const verified = await verifyPassword(parts, {
    name: 'userId' in name ? name.userId : name.email,
    password,
    account: named?.isPending === false ? named.account : undefined,
    passwordHash: named?.account.passwordHash,
    origin,
    deviceToken: browser?.token,
  })
  if (verified.is === 'limited') {
    const { retryAfterSeconds } = verified
    recordFailure(parts, typed, 'limited', origin)
    return { is: 'limited', retryAfterSeconds, message: tooManyAttempts(retryAfterSeconds) }
  }
  const refuse = (reason: 'unknown' | 'wrong', recorded: Failure = reason): SignedIn => {
    recordFailure(parts, typed, recorded, origin)
    return { is: 'refused', reason, message: TEXTS[config.loginText][reason] }
  }
  if (named === undefined) return refuse('unknown')
  if (verified.is !== 'right') return named.isPending ? refuse('unknown') : refuse('wrong', verified.is)
  const { account } = named
  if (named.isPending) {
    recordFailure(parts, typed, 'pending', origin)
    return { is: 'pending', account, message: 'This address is not validated yet. Open the link in the mail we sent.' }
  }

  const session = await start(account)
  const unchanged = await isUnchanged(database, account).catch((error) => rollback(log, error, () => session.close()))
  if (!unchanged) {
    await session.close()
    return refuse('unknown')
  }
  log.info({ event: 'login.succeeded', userId: account.userId, ip: address, session: session.id }, 'login succeeded')
  await rememberDevice(parts, account, origin, browser)
  await renewHash(parts, account, password)
  return { is: 'account', account }
}

const REASONS: Record<Failure, string> = {
  unknown: 'unknown account',
  wrong: 'wrong password',
  locked: 'account locked on unknown devices',
  limited: 'too many failures, password not verified',
  pending: 'address not validated yet',
}

export function recordFailure(
  { log, audit }: Pick<SignInParts, 'log' | 'audit'>,
  typed: number | string,
  reason: Failure,
  origin: Origin,
): void {
  const facts = { userId: typed, ip: origin.address }
  if (reason === 'limited') log.warn({ event: 'login.limited', ...facts }, 'login limited')
  else log.info({ event: 'login.failed', ...facts, reason }, 'login failed')
  audit.note({ event: 'sign-in-failed', ...origin, userName: String(typed), detail: REASONS[reason] })
}

/** Masks a name that belongs to no account, because users may enter the password by mistake. */
function nameForLog(name: AccountName, named: NamedAccount | undefined): number | string {
  if (named === undefined) return '***'
  return 'userId' in name ? name.userId : name.email
}

export function tooManyAttempts(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return `Too many failed attempts. Please try again in ${formatCount(minutes, 'minute', 'minutes')}.`
}
