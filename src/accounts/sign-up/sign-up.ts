import type { Kysely } from 'kysely'
import type { Database, User } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import type { CrmSession, CrmSessions } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import { countOthers, dropWaiting, enqueueMail, isOutboxFull, waitingSince } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { Problem } from '../../web/problem.ts'
import { accounts } from '../people/accounts.ts'
import type { Passwords } from '../people/passwords.ts'
import { addPendingUser, findPendingUser, moveToSession, newUserId, PENDING_MILLISECONDS } from '../people/users.ts'

// A sign-up creates up to two one-time links, and a session can have at most ten one-time links.
const MOST_PER_SESSION = 5

export interface SignUpParts {
  database: Kysely<Database>
  passwords: Passwords
  clock: Pick<Clock, 'now'>
  /** Null when the server runs without sessions. The pages then refuse every request. */
  sessions: Pick<CrmSessions, 'createOTP'> | null
  mail: { wake(): void }
}

type Status = NonNullable<CrmStorage['status']>

/**
 * Adds a pending account and mails the validation link. For a taken address, the response and its timing are the same.
 * Only the mail to that address reveals that the account exists.
 * @throws Problem 503 when the outbox is full, and 422 for more than five pending sign-ups per session.
 */
export async function signUp(
  parts: SignUpParts,
  session: CrmSession,
  { email, password }: { email: string; password: string | undefined },
): Promise<void> {
  const { database, passwords, clock, sessions, mail } = parts
  await refuseWhenOutboxFull(database)
  const hash = password === undefined ? null : await passwords.hash(password)
  // The browser may still have the cookie of a session that ended on another device.
  await session.begin()
  const now = clock.now()
  const ID = newUserId()
  const before = await setStatus(session, { step: 'Waiting for validation email', email, ID })
  try {
    const former = await inTurn(database, { email, session: session.id }, async (transaction) => {
      await refuseWhenMany(transaction, { session_id: session.id, user_id: ID }, now)
      const kind = (await accounts.hasEmail(transaction, email)) ? 'taken' : 'validate'
      const account = { email, password: hash, sessionId: session.id }
      const replaced = kind === 'validate' ? await addPendingUser(transaction, account, ID, now) : undefined
      await dropWaiting(transaction, { email })
      await enqueueMail(transaction, { kind, user_id: ID, session_id: session.id, email }, now)
      return replaced
    })
    await endLink(sessions, former)
  } catch (error) {
    await setStatus(session, before)
    throw error
  }
  mail.wake()
}

/** Mails a new link. The earlier link is revoked when the new link is created. */
export async function sendAgain(parts: SignUpParts, session: CrmSession, { email, ID }: Status): Promise<void> {
  const { database, clock, sessions, mail } = parts
  await refuseWhenOutboxFull(database)
  const former = await inTurn(database, { email, session: session.id }, async (transaction) => {
    const now = clock.now()
    // A replaced or expired sign-up gets no mail. The outbox tells the age of a sign-up, because a sign-up with a taken
    // address has no row in the table of users.
    const since = await waitingSince(transaction, ID)
    if (since === undefined || since + PENDING_MILLISECONDS <= now) return undefined
    await refuseWhenMany(transaction, { session_id: session.id, user_id: ID }, now)
    const kind = (await accounts.hasEmail(transaction, email)) ? 'taken' : 'validate'
    const user = await findPendingUser(transaction, { id: ID }, now)
    if (user !== undefined) await moveToSession(transaction, ID, session.id)
    await dropWaiting(transaction, { email })
    await enqueueMail(transaction, { kind, user_id: ID, session_id: session.id, email }, now)
    return user?.session_id === session.id ? undefined : user
  })
  await endLink(sessions, former)
  mail.wake()
}

/** The purpose of an account's validation links. A new link revokes earlier links with the same purpose. */
export function linkPurpose(userId: string): string {
  return `validate ${userId}`
}

/** Revokes an account's validation link by creating a link with the same purpose. The new link is never sent. */
async function endLink(sessions: SignUpParts['sessions'], user: User | undefined): Promise<void> {
  if (user !== undefined) await sessions?.createOTP(user.session_id, { purpose: linkPurpose(user.id), lifespan: 10 })
}

async function setStatus(session: CrmSession, status: Status | undefined): Promise<Status | undefined> {
  return session.use((storage) => {
    const before = storage.status
    if (status === undefined) delete storage.status
    else storage.status = status
    return before
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

/** @throws Problem 503 with `Retry-After` when the outbox is full. */
export async function refuseWhenOutboxFull(database: Kysely<Database>): Promise<void> {
  if (await isOutboxFull(database))
    throw new Problem(503, 'Too many mails are waiting to be sent. Please try again in a few minutes.', {
      'Retry-After': '300',
    })
}
