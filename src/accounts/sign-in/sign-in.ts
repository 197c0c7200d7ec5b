import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database, User } from '../../../db/tables.ts'
import type { Notes } from '../../audit/index.ts'
import type { Config } from '../../config/config.ts'
import { type Account, authenticate, findAccountByName, isUnchanged } from '../people/authenticate.ts'
import type { AccountName } from '../people/login-form.ts'
import type { Passwords } from '../people/passwords.ts'
import { type Person, personOf } from '../people/person.ts'
import { undoAndThrow } from '../people/rollback.ts'
import { type KnownDeviceParts, noteDevice } from './known-devices.ts'
import type { LoginLimit } from './login-limit.ts'

/** What signing in needs; `Parts` has it all. */
export interface SignInParts extends KnownDeviceParts {
  config: Pick<Config, 'loginText'>
  log: Logger
  database: Kysely<Database>
  passwords: Passwords
  loginLimit: LoginLimit
  clock: { now(): number }
  audit: Notes
}

export interface Credentials {
  account: AccountName
  password: string
  /** Where the request comes from: guesses are counted for each account, whatever it is called, and address. */
  address: string
  /** For the audit trail: what the request is called in the log, and which browser or program it says it is. */
  requestId?: string
  device?: string | null
}

type Failure = 'unknown' | 'wrong' | 'limited' | 'pending'

/** The session that was begun for somebody, as far as it matters here. */
interface Begun {
  readonly id: string
  close(): Promise<void>
}

/** How it went. Each message is a text for whoever tried. */
export type SignedIn =
  /** Too many failures: the password was not even looked at. */
  | { is: 'limited'; retryAfterSeconds: number; message: string }
  /** `reason` is for the log and for documented texts; with `LOGIN_TEXT=uniform` nobody outside may learn it. */
  | { is: 'refused'; reason: 'unknown' | 'wrong'; message: string }
  /** The password fits, and the address was not validated yet. */
  | { is: 'pending'; user: User; message: string }
  /** His session has begun, and he is still who he was when his password was verified. */
  | { is: 'account'; account: Account; person: Person }

const TEXTS = {
  documented: { unknown: 'This userId is unknown', wrong: 'This password is wrong' },
  uniform: { unknown: 'This userId or this password is wrong', wrong: 'This userId or this password is wrong' },
}

/**
 * Signs somebody in, the same way for a page and for the API: counts the try, verifies the password, has `begin` start
 * the session, and makes sure that he was not switched off meanwhile; then the session is closed, and he is unknown. A device
 * that he never used before is told to him by mail.
 * `begin` is called only when the password fits; what it throws is thrown on, and is no failed guess.
 */
export async function signIn(
  parts: SignInParts,
  { account: name, password, ...origin }: Credentials,
  begin: (person: Person) => Promise<Begun>,
): Promise<SignedIn> {
  const { config, log, database, loginLimit } = parts
  const { address } = origin
  const named = await findAccountByName(database, name)
  const typed = nameForLog(name)
  const attempt = await loginLimit.take(countedAs(name, named), address)
  if (!attempt.allowed) {
    const { retryAfterSeconds } = attempt
    noteFailure(parts, typed, 'limited', origin)
    return { is: 'limited', retryAfterSeconds, message: tooManyAttempts(retryAfterSeconds) }
  }
  const refuse = (reason: 'unknown' | 'wrong'): SignedIn => {
    noteFailure(parts, typed, reason, origin)
    return { is: 'refused', reason, message: TEXTS[config.loginText][reason] }
  }

  const result = await authenticate(parts, name, password).catch((error) =>
    undoAndThrow(log, error, () => attempt.giveBack()),
  )
  if (!result.ok && result.reason !== 'pending') return refuse(result.reason)
  await attempt.giveBack()
  if (!result.ok) {
    noteFailure(parts, typed, 'pending', origin)
    const message = 'This address was not validated yet: open the link in the mail that we sent'
    return { is: 'pending', user: result.user, message }
  }

  const { account } = result
  const person = personOf(account)
  const session = await begin(person)
  const unchanged = await isUnchanged(database, account).catch((error) =>
    undoAndThrow(log, error, () => session.close()),
  )
  if (!unchanged) {
    await session.close()
    return refuse('unknown')
  }
  const { userId } = person
  log.info({ event: 'login.succeeded', userId, ip: address, session: session.id }, 'login succeeded')
  await noteDevice(parts, account, { address, device: origin.device ?? null })
  return { is: 'account', account, person }
}

const REASONS: Record<Failure, string> = {
  unknown: 'nobody has this name',
  wrong: 'wrong password',
  limited: 'too many failures, not looked at',
  pending: 'address not validated yet',
}

/** Writes down that somebody did not know a password, for the log and for the audit trail. */
export function noteFailure(
  { log, audit }: Pick<SignInParts, 'log' | 'audit'>,
  typed: number | string,
  reason: Failure,
  origin: Omit<Credentials, 'account' | 'password'>,
): void {
  const facts = { userId: typed, ip: origin.address }
  if (reason === 'limited') log.warn({ event: 'login.limited', ...facts }, 'login limited')
  else log.info({ event: 'login.failed', ...facts, reason }, 'login failed')
  audit.note({ event: 'sign-in-failed', ...origin, userName: String(typed), detail: REASONS[reason] })
}

/** Number and address of one account count together; what is no account's counts as it was typed. */
function countedAs(name: AccountName, account: Account | undefined): string {
  if (account !== undefined) return personOf(account).userId
  return 'userId' in name ? String(name.userId) : name.email
}

/** People type their password into the wrong field, too. */
function nameForLog(name: AccountName): number | string {
  if ('userId' in name) return name.userId
  return z.email().safeParse(name.email).success ? name.email : '***'
}

export function tooManyAttempts(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return `Too many failed attempts. Please try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
}
