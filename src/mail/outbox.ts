import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database, MailKind, OutboxRow } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import { currentVisitor } from '../public-demo/visit.ts'

/**
 * The shortest time between two mails to one address. It limits the mails that a stranger causes by entering an address
 * many times. `URGENT_KINDS` are exempt, because only a user who knows the password can cause these mails, and because
 * they must arrive at once.
 */
const MAIL_INTERVAL_MILLISECONDS = 60_000
// A lease lasts longer than a delivery with `SMTP_TIMEOUTS`, so that no other worker sends the same mail.
const LEASE_MILLISECONDS = 2 * 60_000
const MOST_WAITING = 5000
const NOT_LEASED = ''
const REPLACED = 'REPLACED'
// Visitors without an account can cause these mails, to any address.
const SIGN_UP_KINDS: readonly MailKind[] = ['validate', 'taken']
const URGENT_KINDS: readonly MailKind[] = ['password-changed', 'email-changed']

interface NewMail extends Pick<OutboxRow, 'kind' | 'user_id' | 'session_id' | 'email'> {
  /** The data for the mail's template. */
  details?: object
}

/** Adds a mail to the outbox. Call it in the transaction that stores the reason for the mail. */
export async function enqueueMail(
  database: Kysely<Database>,
  { details, ...mail }: NewMail,
  now: number,
): Promise<void> {
  const due = isUrgent(mail) ? now : ((await freeFrom(database, mail.email, now)) ?? now)
  await database
    .insertInto('outbox')
    .values({
      ...mail,
      id: randomUUID(),
      state: 'waiting',
      created_at: isoTime(now),
      due_at: isoTime(due),
      leased_until: NOT_LEASED,
      attempts: 0,
      problem: null,
      sent_at: null,
      link_until: null,
      details: details === undefined ? null : JSON.stringify(details),
      visitor: currentVisitor(),
    })
    .execute()
}

/**
 * Marks the sign-up mails to an address, or of one sign-up, as replaced, and drops waiting mails. Call it before adding a
 * newer mail.
 */
export async function dropWaiting(
  database: Kysely<Database>,
  replaced: { email: string } | { user_id: string },
): Promise<void> {
  const mails = database.updateTable('outbox').where('kind', 'in', SIGN_UP_KINDS)
  const ofSignUp =
    'email' in replaced ? mails.where('email', '=', replaced.email) : mails.where('user_id', '=', replaced.user_id)
  await ofSignUp.set({ state: 'dropped' }).where('state', '=', 'waiting').execute()
  await ofSignUp.set({ problem: REPLACED }).execute()
}

export function isReplaced({ problem }: OutboxRow): boolean {
  return problem === REPLACED
}

export interface PendingLink {
  user_id: string
  session_id: string
  /** The time at which the link expires. '' while the mail is waiting. */
  until: string
}

/**
 * Returns the other sign-ups with this address whose links may be valid. A sign-up with a taken address counts as well,
 * so that the number does not reveal the account.
 */
export async function pendingLinks(
  database: Kysely<Database>,
  { email, user_id }: Pick<NewMail, 'email' | 'user_id'>,
  now: number,
): Promise<PendingLink[]> {
  const mails = await database
    .selectFrom('outbox')
    .select(['user_id', 'session_id', 'link_until'])
    .where('email', '=', email)
    .where('user_id', '!=', user_id)
    .where('kind', 'in', SIGN_UP_KINDS)
    .where((row) => row.or([row('state', '=', 'waiting'), row('link_until', '>', isoTime(now))]))
    .orderBy('created_at')
    .execute()
  const links = mails.map(({ link_until, ...mail }) => ({ ...mail, until: link_until ?? '' }))
  return [...new Map(links.map((link) => [link.user_id, link])).values()]
}

/** Returns the number of mails of this sign-up that were sent or are waiting. */
export async function countMails(database: Kysely<Database>, userId: string): Promise<number> {
  const { mails } = await database
    .selectFrom('outbox')
    .select((row) => row.fn.countAll().as('mails'))
    .where('user_id', '=', userId)
    .where('kind', 'in', SIGN_UP_KINDS)
    .where((row) => row.or([row('state', '!=', 'dropped'), row('sent_at', 'is not', null)]))
    .executeTakeFirstOrThrow()
  return Number(mails)
}

/** Drops the waiting mails of one kind, of a user or to an address, because a newer mail replaces them. */
export async function dropWaitingOf(
  database: Kysely<Database>,
  { kind, ...to }: Pick<NewMail, 'kind'> & ({ user_id: string } | { email: string }),
): Promise<void> {
  await database
    .updateTable('outbox')
    .set({ state: 'dropped', problem: REPLACED })
    .$if('user_id' in to, (query) => query.where('user_id', '=', (to as { user_id: string }).user_id))
    .$if('email' in to, (query) => query.where('email', '=', (to as { email: string }).email))
    .where('kind', '=', kind)
    .where('state', '=', 'waiting')
    .execute()
}

/**
 * Returns the creation time of this user's first sign-up mail. Returns `undefined` if there is no such mail, or if a
 * later sign-up replaced all of these mails.
 */
export async function waitingSince(database: Kysely<Database>, userId: string): Promise<number | undefined> {
  const rows = await database
    .selectFrom('outbox')
    .select(['created_at', 'problem'])
    .where('user_id', '=', userId)
    .where('kind', 'in', SIGN_UP_KINDS)
    .orderBy('created_at')
    .execute()
  const [first] = rows
  return first && rows.some(({ problem }) => problem !== REPLACED) ? Date.parse(first.created_at) : undefined
}

/** Returns the number of other accounts for which this session has waiting mails or valid links. */
export async function countOthers(
  database: Kysely<Database>,
  { session_id, user_id }: Pick<NewMail, 'session_id' | 'user_id'>,
  now: number,
): Promise<number> {
  const others = await database
    .selectFrom('outbox')
    .select('user_id')
    .distinct()
    .where('session_id', '=', session_id)
    .where('user_id', '!=', user_id)
    .where((row) =>
      row.or([
        row('state', '=', 'waiting'),
        row('leased_until', '>', isoTime(now)),
        row('link_until', '>', isoTime(now)),
      ]),
    )
    .execute()
  return others.length
}

/** Counts the user's mails of one kind that were sent after `since` or are being sent now. */
export async function countSentTo(
  database: Kysely<Database>,
  { user_id, kind }: Pick<NewMail, 'user_id' | 'kind'>,
  { since, now }: { since: number; now: number },
): Promise<number> {
  const { sent } = await database
    .selectFrom('outbox')
    .select((row) => row.fn.countAll().as('sent'))
    .where('user_id', '=', user_id)
    .where('kind', '=', kind)
    .where((row) => row.or([row('sent_at', '>', isoTime(since)), row('leased_until', '>', isoTime(now))]))
    .executeTakeFirstOrThrow()
  return Number(sent)
}

export async function waitingFor(
  database: Kysely<Database>,
  { user_id, kind }: Pick<NewMail, 'user_id' | 'kind'>,
): Promise<OutboxRow[]> {
  return database
    .selectFrom('outbox')
    .selectAll()
    .where('user_id', '=', user_id)
    .where('kind', '=', kind)
    .where('state', '=', 'waiting')
    .orderBy('created_at', 'desc')
    .execute()
}

/** A full outbox is a sign of a long outage of the mail server, or of an attack. */
export async function isOutboxFull(database: Kysely<Database>): Promise<boolean> {
  return (await countWaitingMail(database)) >= MOST_WAITING
}

export async function countWaitingMail(database: Kysely<Database>): Promise<number> {
  const { waiting } = await database
    .selectFrom('outbox')
    .select((row) => row.fn.countAll().as('waiting'))
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow()
  return Number(waiting)
}

/** Returns the newest sign-up mail of this account, in any state. */
export async function newestMail(database: Kysely<Database>, userId: string): Promise<OutboxRow | undefined> {
  return (
    database
      .selectFrom('outbox')
      .selectAll()
      .where('user_id', '=', userId)
      .where('kind', 'in', SIGN_UP_KINDS)
      .orderBy('created_at', 'desc')
      // Of two mails with the same creation time, the waiting mail is the newer one.
      .orderBy('state', 'desc')
      .orderBy('due_at', 'desc')
      .executeTakeFirst()
  )
}

/** Leases the next due mail for two minutes. Postpones a mail whose address got another mail within the last minute. */
export async function leaseMail(database: Kysely<Database>, now: number): Promise<OutboxRow | undefined> {
  for (;;) {
    const found = await database
      .selectFrom('outbox')
      .selectAll()
      .where('state', '=', 'waiting')
      .where('due_at', '<=', isoTime(now))
      .where('leased_until', '<=', isoTime(now))
      .orderBy('due_at')
      .limit(1)
      .executeTakeFirst()
    if (found === undefined) return undefined
    const leased = await inTurn(database, { email: found.email }, (transaction) =>
      leaseOrPutOff(transaction, found, now),
    )
    if (leased !== undefined) return leased
  }
}

async function leaseOrPutOff(
  database: Kysely<Database>,
  found: OutboxRow,
  now: number,
): Promise<OutboxRow | undefined> {
  const lease = { leased_until: isoTime(now + LEASE_MILLISECONDS), attempts: found.attempts + 1 }
  const { numUpdatedRows } = await database
    .updateTable('outbox')
    .set(lease)
    .where('id', '=', found.id)
    .where('state', '=', 'waiting')
    .where('leased_until', '=', found.leased_until)
    .where('attempts', '=', found.attempts)
    .$if(!isUrgent(found), (lease) =>
      lease.where(({ not, exists }) => not(exists(selectRecent(database, found.email, now, found.id)))),
    )
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 1) return { ...found, ...lease }
  const free = isUrgent(found) ? undefined : await freeFrom(database, found.email, now, found.id)
  if (free !== undefined)
    await database
      .updateTable('outbox')
      .set({ due_at: isoTime(free) })
      .where('id', '=', found.id)
      .where('leased_until', '=', found.leased_until)
      .execute()
  return undefined
}

/**
 * Stores the outcome of a leased mail, unless another worker has leased it meanwhile. A mail that was dropped during its
 * delivery stays dropped, but its delivery is recorded.
 */
export async function settleMail(
  database: Kysely<Database>,
  { id, leased_until, attempts }: OutboxRow,
  outcome: Partial<Pick<OutboxRow, 'state' | 'due_at' | 'problem' | 'sent_at' | 'link_until'>>,
): Promise<void> {
  const leased = database
    .updateTable('outbox')
    .set({ leased_until: NOT_LEASED })
    .where('id', '=', id)
    .where('leased_until', '=', leased_until)
    .where('attempts', '=', attempts)
  const { sent_at = null, link_until = null } = outcome
  // The mail may be dropped between these two updates, so the update for a dropped mail comes second.
  await leased.set(outcome).where('state', '=', 'waiting').execute()
  await leased.set({ sent_at, link_until }).where('state', '=', 'dropped').execute()
}

/** Returns the time from which a mail may be sent to this address, or `undefined` if it may be sent at once. */
async function freeFrom(
  database: Kysely<Database>,
  email: string,
  now: number,
  except = '',
): Promise<number | undefined> {
  const recent = await selectRecent(database, email, now, except).execute()
  if (recent.length === 0) return undefined
  // A mail that is being delivered counts as sent now.
  const times = recent.map(({ sent_at, leased_until }) =>
    leased_until > isoTime(now) || sent_at === null ? now : Date.parse(sent_at),
  )
  return Math.max(...times) + MAIL_INTERVAL_MILLISECONDS
}

function isUrgent({ kind }: Pick<NewMail, 'kind'>): boolean {
  return URGENT_KINDS.includes(kind)
}

/** Selects the mails that were just sent or are being sent. Includes dropped mails, which may have been delivered. */
function selectRecent(database: Kysely<Database>, email: string, now: number, except: string) {
  return database
    .selectFrom('outbox')
    .select(['sent_at', 'leased_until'])
    .where('email', '=', email)
    .where('id', '!=', except)
    .where((row) =>
      row.or([row('leased_until', '>', isoTime(now)), row('sent_at', '>', isoTime(now - MAIL_INTERVAL_MILLISECONDS))]),
    )
}

/** Returns the time at which the next mail is due, or `undefined` when no mail is waiting. */
export async function nextDue(database: Kysely<Database>): Promise<number | undefined> {
  const waiting = await database
    .selectFrom('outbox')
    .select(['due_at', 'leased_until'])
    .where('state', '=', 'waiting')
    .orderBy('due_at')
    .executeTakeFirst()
  return (
    waiting &&
    Math.max(Date.parse(waiting.due_at), waiting.leased_until === NOT_LEASED ? 0 : Date.parse(waiting.leased_until))
  )
}

export async function forgetMail(database: Kysely<Database>, until: number): Promise<void> {
  await database.deleteFrom('outbox').where('state', '!=', 'waiting').where('created_at', '<', isoTime(until)).execute()
}

/** Returns an ISO 8601 text. Such texts sort chronologically. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
