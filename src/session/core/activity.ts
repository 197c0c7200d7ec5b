import { type Credential, endAfter, isGuestRecord, type SessionRecord, TOUCH_GRACE_MILLISECONDS } from '../record.ts'
import { type Context, reportEnded } from './context.ts'
import { causeOf, type Exchange } from './exchange.ts'
import { cutDevice } from './new-record.ts'

/**
 * Stores the time, the device and the address of a request, at most once a minute for each credential. A failed write
 * only causes a `warning` event. The first use of a credential is stored even within the minute, because it proves that
 * the client has received the credential. The first use of a new guest's cookie is the exception.
 */
export async function recordActivity(
  context: Context,
  record: SessionRecord,
  credential: Credential,
  from: Pick<Exchange, 'requestId' | 'device' | 'address'>,
  now: number,
): Promise<SessionRecord> {
  if (!isDue(record, credential, now)) return record
  const { store, events } = context
  try {
    const { device, address } = from
    const ended = await store.touch({
      id: record.id,
      hash: credential.hash,
      from: { device: cutDevice(device), address },
      now,
    })
    reportEnded(context, ended, causeOf(from))
  } catch (error) {
    // The stored end is later than the idle timeout by `TOUCH_GRACE_MILLISECONDS`, so a failed write ends no session.
    events.emit('warning', {
      code: 'ACTIVITY_NOT_RECORDED',
      message: 'The activity of a session could not be recorded.',
      error,
    })
  }
  return {
    ...record,
    lastAccessTime: now,
    end: Math.max(record.end, endAfter(now, record.idleMilliseconds, record.absoluteEnd)),
  }
}

function isDue(record: SessionRecord, { via, createdAt, lastSeenAt }: Credential, now: number): boolean {
  if (now - (record.lastAccessTime ?? 0) >= TOUCH_GRACE_MILLISECONDS) return true
  if (lastSeenAt === null && (via !== 'visit' || !isGuestRecord(record))) return true
  return now - (lastSeenAt ?? createdAt) >= TOUCH_GRACE_MILLISECONDS
}
