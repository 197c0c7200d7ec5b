import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { countSentTo, dropWaitingOf, enqueueMail, isOutboxFull, isoTime, waitingFor } from '../../mail/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import type { Happened } from '../mail/account-mail.ts'
import type { Account } from '../people/authenticate.ts'
import { addressOf } from '../people/email-changes.ts'
import { personOf } from '../people/person.ts'

// Whoever has used more browsers than that is told again of the one that he used least lately.
const MOST_KNOWN = 50
// Whoever knows a password can call his program what he likes: the mailbox must not be flooded, nor other notices held up.
const MOST_NOTICES_AN_HOUR = 4
const HOUR_MILLISECONDS = 60 * 60_000

/** What remembering devices needs; `Parts` has it all. */
export interface KnownDeviceParts {
  database: Kysely<Database>
  log: Logger
  clock: { now(): number }
  mail: { wake(): void }
}

/**
 * Remembers the browser or program that somebody just signed in with, and has a mail sent when he never used one like it. The first
 * sign-in of an account tells nobody anything. A notice that still waits gives way to the newer one, which counts it; four an hour go
 * out. Never throws: a log in does not fail because nothing could be noted.
 */
export async function noteDevice(
  { database, log, clock, mail }: KnownDeviceParts,
  account: Account,
  origin: { device: string | null; address: string },
): Promise<void> {
  const now = clock.now()
  const { userId } = personOf(account)
  const device = describeDevice(origin.device)
  const details: Happened = { at: isoTime(now), device, address: origin.address }
  try {
    const email = addressOf(account)
    const isTold = await inTurn(database, { user: userId, email }, async (transaction) => {
      const known = await remember(transaction, userId, device, isoTime(now))
      if (known !== 'new') return false
      return tell(transaction, { user_id: userId, email, details }, now)
    })
    if (isTold) mail.wake()
  } catch (error) {
    log.warn({ event: 'device.note', err: error, userId }, 'the device of a sign-in could not be noted')
  }
}

async function tell(
  database: Kysely<Database>,
  { user_id, email, details }: { user_id: string; email: string; details: Happened },
  now: number,
): Promise<boolean> {
  const notices = { user_id, kind: 'new-device' } as const
  const sent = await countSentTo(database, notices, { since: now - HOUR_MILLISECONDS, now })
  if (sent >= MOST_NOTICES_AN_HOUR || (await isOutboxFull(database))) return false
  const waiting = (await waitingFor(database, notices)).filter(({ leased_until }) => leased_until <= isoTime(now))
  const before = waiting.reduce((sum, row) => sum + 1 + ((JSON.parse(row.details ?? '{}') as Happened).before ?? 0), 0)
  await dropWaitingOf(database, notices)
  const told = before === 0 ? details : { ...details, before }
  await enqueueMail(database, { ...notices, session_id: '', email, details: told }, now)
  return true
}

async function remember(
  database: Kysely<Database>,
  user_id: string,
  device: string,
  now: string,
): Promise<'first' | 'known' | 'new'> {
  const mine = database.selectFrom('known_devices').select('device').where('user_id', '=', user_id)
  const known = await mine.orderBy('last_seen_at', 'desc').execute()
  const isKnown = known.some((row) => row.device === device)
  if (isKnown) {
    await database
      .updateTable('known_devices')
      .set({ last_seen_at: now })
      .where('user_id', '=', user_id)
      .where('device', '=', device)
      .execute()
    return 'known'
  }
  const forgotten = known.slice(MOST_KNOWN - 1).map((row) => row.device)
  if (forgotten.length > 0)
    await database.deleteFrom('known_devices').where('user_id', '=', user_id).where('device', 'in', forgotten).execute()
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('known_devices')
    .values({ user_id, device, first_seen_at: now, last_seen_at: now })
    .onConflict((conflict) => conflict.columns(['user_id', 'device']).doNothing())
    .executeTakeFirstOrThrow()
  if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return 'known'
  return known.length === 0 ? 'first' : 'new'
}
