import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { countSentTo, enqueueMail, isOutboxFull, isoTime, waitingFor } from '../../mail/index.ts'
import type { Clock, SessionEvents, Sessions } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { accounts } from '../people/accounts.ts'
import type { NoticeDetails } from './notice-details.ts'

interface CopyMailParts {
  database: Kysely<Database>
  log: Logger
  clock: Pick<Clock, 'now'>
  mail: { wake(): void }
}

const HOUR_MILLISECONDS = 60 * 60_000

/** Mails users when requests have their cookie without its key: at most once an hour, because a thief can repeat them. */
export function mailAboutCopies(sessions: Pick<Sessions, 'on'>, parts: CopyMailParts): void {
  sessions.on('bindingFailed', (event) => void mailAboutCopy(parts, event))
}

/** An error is only logged, because no request waits for the mail. */
async function mailAboutCopy(
  { database, log, clock, mail }: CopyMailParts,
  { userId, cause }: SessionEvents['bindingFailed'],
): Promise<void> {
  const now = clock.now()
  const details: NoticeDetails = {
    at: isoTime(now),
    device: describeDevice(cause?.device ?? null),
    address: cause?.address ?? 'unknown',
  }
  try {
    const account = userId === undefined ? undefined : await accounts.findById(database, userId)
    if (!account) return
    const { email } = account
    const notices = { user_id: account.userId, kind: 'copied-cookie' } as const
    const isQueued = await inTurn(database, { user: account.userId, email }, async (transaction) => {
      const sent = await countSentTo(transaction, notices, { since: now - HOUR_MILLISECONDS, now })
      const waiting = await waitingFor(transaction, notices)
      if (sent + waiting.length > 0 || (await isOutboxFull(transaction))) return false
      await enqueueMail(transaction, { ...notices, session_id: '', email, details }, now)
      return true
    })
    if (isQueued) mail.wake()
  } catch (error) {
    log.warn({ event: 'binding.failed', err: error, userId }, 'the mail about a copied cookie could not be stored')
  }
}
