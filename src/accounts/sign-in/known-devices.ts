import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { countSentTo, dropWaitingOf, enqueueMail, isOutboxFull, isoTime, waitingFor } from '../../mail/index.ts'
import type { Clock } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import type { NoticeDetails } from '../mail/notice-details.ts'
import type { Account } from '../people/account.ts'
import { isUnchanged } from '../people/accounts.ts'
import { storeDeviceToken } from '../people/login-history.ts'
import type { Browser } from './device-cookie.ts'

// Above this number, the least recently used device is removed. If the user signs in with this device again, the
// device counts as new.
const MOST_KNOWN = 50
// An attacker who knows the password can cause mails by varying the User-Agent header. This number limits these mails.
const MOST_NOTICES_AN_HOUR = 4
const HOUR_MILLISECONDS = 60 * 60_000

export interface KnownDeviceParts {
  database: Kysely<Database>
  log: Logger
  clock: Pick<Clock, 'now'>
  mail: { wake(): void }
}

/**
 * Makes the browser known to the account. Mails the user if the kind of device is new for the account. An error is only
 * logged, so that the login still succeeds.
 */
export async function rememberDevice(
  { database, log, clock, mail }: KnownDeviceParts,
  account: Account,
  origin: { device: string | null; address: string },
  browser?: Browser,
): Promise<void> {
  const now = clock.now()
  const { userId, email } = account
  const device = describeDevice(origin.device)
  const details: NoticeDetails = { at: isoTime(now), device, address: origin.address }
  try {
    const { token, isQueued } = await inTurn(database, { user: userId, email }, async (transaction) => {
      const known = await storeDevice(transaction, userId, device, isoTime(now))
      return {
        token: browser && (await tokenFor(transaction, account, browser, now)),
        isQueued: known === 'new' && (await enqueueNotice(transaction, { user_id: userId, email, details }, now)),
      }
    })
    if (token !== undefined) browser?.keep(token)
    if (isQueued) mail.wake()
  } catch (error) {
    log.warn({ event: 'device.note', err: error, userId }, 'the device of a sign-in could not be stored')
  }
}

/** Makes the browser known to the account after the user has confirmed the password. An error is only logged. */
export async function rememberBrowser(
  { database, log, clock }: Pick<KnownDeviceParts, 'database' | 'log' | 'clock'>,
  account: Account,
  browser: Browser,
): Promise<void> {
  const { userId } = account
  try {
    const token = await inTurn(database, { user: userId }, (transaction) =>
      tokenFor(transaction, account, browser, clock.now()),
    )
    if (token !== undefined && token !== browser.token) browser.keep(token)
  } catch (error) {
    log.warn({ event: 'device.note', err: error, userId }, 'the device of a sign-in could not be stored')
  }
}

/** Returns no token if the password was changed in the meantime, because the change has ended all known devices. */
async function tokenFor(
  transaction: Kysely<Database>,
  account: Account,
  browser: Browser,
  now: number,
): Promise<string | undefined> {
  return (await isUnchanged(transaction, account))
    ? storeDeviceToken(transaction, account.userId, browser.token, now)
    : undefined
}

async function enqueueNotice(
  database: Kysely<Database>,
  { user_id, email, details }: { user_id: string; email: string; details: NoticeDetails },
  now: number,
): Promise<boolean> {
  const notices = { user_id, kind: 'new-device' } as const
  const sent = await countSentTo(database, notices, { since: now - HOUR_MILLISECONDS, now })
  if (sent >= MOST_NOTICES_AN_HOUR || (await isOutboxFull(database))) return false
  const waiting = (await waitingFor(database, notices)).filter(({ leased_until }) => leased_until <= isoTime(now))
  const before = waiting.reduce(
    (sum, row) => sum + 1 + ((JSON.parse(row.details ?? '{}') as NoticeDetails).before ?? 0),
    0,
  )
  await dropWaitingOf(database, notices)
  const counted = before === 0 ? details : { ...details, before }
  await enqueueMail(database, { ...notices, session_id: '', email, details: counted }, now)
  return true
}

async function storeDevice(
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
