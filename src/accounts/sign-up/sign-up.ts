import type { Kysely } from 'kysely'
import type { Database, User } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { Config } from '../../config/config.ts'
import type { CrmSession, CrmSessions } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import {
  countMails,
  countOthers,
  dropWaiting,
  enqueueMail,
  isOutboxFull,
  isReplaced,
  newestMail,
  pendingLinks,
  waitingSince,
} from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { Problem } from '../../web/problem.ts'
import { accounts } from '../people/accounts.ts'
import type { Passwords } from '../people/passwords.ts'
import {
  addPendingUser,
  findPendingUser,
  moveToSession,
  newUserId,
  PENDING_MILLISECONDS,
  removePendingUsersOf,
  replacePendingPassword,
} from '../people/users.ts'

// A sign-up creates up to two one-time links, and a session can have at most ten one-time links.
const MOST_PER_SESSION = 5
// In production, the user chooses the password on the page of the link. The owner of the mailbox can therefore use any
// link in it, even if another visitor requested the link. No sign-up of another visitor makes these links invalid.
const MOST_PER_ADDRESS = 3
const MOST_MAILS_PER_SIGN_UP = 3

export interface SignUpParts {
  config: Pick<Config, 'profile'>
  database: Kysely<Database>
  passwords: Passwords
  clock: Pick<Clock, 'now'>
  /** Null when the server runs without sessions. The pages then refuse every request. */
  sessions: Pick<CrmSessions, 'createOTP' | 'get'> | null
  mail: { wake(): void }
}

interface SignUp {
  email: string
  password: string | undefined
  /** The random token of the form. A form that is sent twice is one sign-up. */
  token?: string | undefined
}

type Status = NonNullable<CrmStorage['status']>

/** The demo asks for the password on the sign-up form. Production asks for it on the page of the mailed link. */
export function asksForPassword({ profile }: Pick<Config, 'profile'>): boolean {
  return profile === 'demo'
}

/**
 * Adds a pending account and mails the validation link. For a taken address, the response and its timing are the same.
 * Only the mail to that address reveals that the account exists.
 * @throws Problem 503 when the outbox is full, 422 for more than five pending sign-ups per session, and in production 429
 * for more than three pending sign-ups per address.
 */
export async function signUp(
  parts: SignUpParts,
  session: CrmSession,
  { email, password, token }: SignUp,
): Promise<void> {
  const { config, database, passwords, clock, sessions, mail } = parts
  await refuseWhenOutboxFull(database)
  const hash = password === undefined ? null : await passwords.hash(password)
  // The browser may still have the cookie of a session that ended on another device.
  await session.begin()
  const now = clock.now()
  const ID = await idOfForm(database, { email, token }, now)
  const dead = await deadSignUps(parts, { email, user_id: ID })
  const before = await setStatus(session, { step: 'Waiting for validation email', email, ID })
  try {
    const removed = await inTurn(database, { email, session: session.id }, async (transaction) => {
      const isRepeated = (await newestMail(transaction, ID)) !== undefined
      if (isRepeated) {
        // The user may have gone back and corrected the password.
        if (hash !== null) await replacePendingPassword(transaction, { id: ID, sessionId: session.id, password: hash })
        return []
      }
      const mailed = { user_id: ID, session_id: session.id, email }
      await refuseWhenMany(transaction, mailed, now)
      if (!asksForPassword(config)) await refuseWhenManyPend(transaction, mailed, dead, now)
      const kind = (await accounts.hasEmail(transaction, email)) ? 'taken' : 'validate'
      const replaced =
        asksForPassword(config) && kind === 'validate' ? await removePendingUsersOf(transaction, email) : []
      if (kind === 'validate')
        await addPendingUser(transaction, { email, password: hash, sessionId: session.id }, ID, now)
      if (asksForPassword(config)) await dropWaiting(transaction, { email })
      await enqueueMail(transaction, { kind, ...mailed }, now)
      return replaced
    })
    await endLinks(sessions, removed)
  } catch (error) {
    await restoreStatus(session, ID, before)
    throw error
  }
  mail.wake()
}

/** Mails a new link. The earlier link is revoked when the new link is created. */
export async function sendAgain(parts: SignUpParts, session: CrmSession, { email, ID }: Status): Promise<void> {
  const { config, database, clock, sessions, mail } = parts
  await refuseWhenOutboxFull(database)
  const dead = await deadSignUps(parts, { email, user_id: ID })
  const former = await inTurn(database, { email, session: session.id }, async (transaction) => {
    const now = clock.now()
    // A replaced or expired sign-up gets no mail. The outbox tells the age of a sign-up, because a sign-up with a taken
    // address has no row in the table of users.
    const since = await waitingSince(transaction, ID)
    if (since === undefined || since + PENDING_MILLISECONDS <= now) return undefined
    const mailed = { user_id: ID, session_id: session.id, email }
    await refuseWhenMany(transaction, mailed, now)
    if (!asksForPassword(config)) {
      await refuseWhenManyPend(transaction, mailed, dead, now)
      if ((await countMails(transaction, ID)) >= MOST_MAILS_PER_SIGN_UP)
        throw new Problem(429, 'At most three mails are sent for one sign-up. Please sign up again.')
    }
    const kind = (await accounts.hasEmail(transaction, email)) ? 'taken' : 'validate'
    const user = await findPendingUser(transaction, { id: ID }, now)
    if (user !== undefined) await moveToSession(transaction, ID, session.id)
    await dropWaiting(transaction, asksForPassword(config) ? { email } : { user_id: ID })
    await enqueueMail(transaction, { kind, ...mailed }, now)
    return user?.session_id === session.id ? undefined : user
  })
  if (former !== undefined) await endLinks(sessions, [former])
  mail.wake()
}

/** A form that is sent again after its sign-up was replaced or has expired is a new sign-up. */
async function idOfForm(
  database: Kysely<Database>,
  { email, token }: Pick<SignUp, 'email' | 'token'>,
  now: number,
): Promise<string> {
  if (token === undefined) return newUserId()
  const ID = newUserId({ token, email })
  const mail = await newestMail(database, ID)
  const isOver = mail !== undefined && (isReplaced(mail) || Date.parse(mail.created_at) + PENDING_MILLISECONDS <= now)
  return isOver ? newUserId() : ID
}

/** The purpose of an account's validation links. A new link revokes earlier links with the same purpose. */
export function linkPurpose(userId: string): string {
  return `validate ${userId}`
}

/** Revokes validation links by creating links with the same purpose. The new links are never sent. */
export async function endLinks(
  sessions: Pick<CrmSessions, 'createOTP'> | null,
  users: readonly Pick<User, 'id' | 'session_id'>[],
): Promise<void> {
  for (const { id, session_id } of users)
    await sessions?.createOTP(session_id, { purpose: linkPurpose(id), lifespan: 10 })
}

async function setStatus(session: CrmSession, status: Status): Promise<Status | undefined> {
  return session.use((storage) => {
    const before = storage.status
    storage.status = status
    return before
  })
}

/** Keeps the status if another tab has begun another sign-up meanwhile. */
async function restoreStatus(session: CrmSession, ID: string, before: Status | undefined): Promise<void> {
  await session.use((storage) => {
    if (storage.status?.ID !== ID) return
    if (before === undefined) delete storage.status
    else storage.status = before
  })
}

async function refuseWhenMany(
  database: Kysely<Database>,
  account: { session_id: string; user_id: string },
  now: number,
): Promise<void> {
  if ((await countOthers(database, account, now)) >= MOST_PER_SESSION)
    throw new Problem(
      422,
      `At most ${MOST_PER_SESSION} addresses can be signed up from one browser at a time. Please try again in an hour, or from another browser.`,
    )
}

/** Returns the ids of the other sign-ups with this address whose sessions, and therefore their links, have ended. */
async function deadSignUps(
  { config, database, clock, sessions }: SignUpParts,
  signUp: { email: string; user_id: string },
): Promise<Set<string>> {
  const dead = new Set<string>()
  if (asksForPassword(config) || sessions === null) return dead
  for (const { user_id, session_id } of await pendingLinks(database, signUp, clock.now()))
    if ((await sessions.get(session_id))?.state !== 'live') dead.add(user_id)
  return dead
}

/** A refusal cannot keep the owner of the address out, because three mails with valid links are in the mailbox. */
async function refuseWhenManyPend(
  database: Kysely<Database>,
  signUp: { email: string; user_id: string },
  dead: ReadonlySet<string>,
  now: number,
): Promise<void> {
  const pending = (await pendingLinks(database, signUp, now)).filter(({ user_id }) => !dead.has(user_id))
  if (pending.length < MOST_PER_ADDRESS) return
  const seconds = pending.map(({ until }) => (until === '' ? 60 : Math.ceil((Date.parse(until) - now) / 1000)))
  throw new Problem(
    429,
    'Three mails with valid links were sent to this address. Open the newest one, or sign up again when the links have expired.',
    { 'Retry-After': String(Math.max(1, Math.min(...seconds))) },
  )
}

/** @throws Problem 503 with `Retry-After` when the outbox is full. */
export async function refuseWhenOutboxFull(database: Kysely<Database>): Promise<void> {
  if (await isOutboxFull(database))
    throw new Problem(503, 'Too many mails are waiting to be sent. Please try again in a few minutes.', {
      'Retry-After': '300',
    })
}
