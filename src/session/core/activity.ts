import { type Credential, endAfter, isGuestRecord, type SessionRecord, TOUCH_GRACE_MILLISECONDS } from '../record.ts'
import type { SeenFrom } from '../store.ts'
import type { Context } from './context.ts'
import { cutDevice } from './new-record.ts'

/**
 * Notes that a session is in use: at most once a minute for each device, and when a login, a link or a token is presented for the
 * first time, so that it is known to have arrived.
 * @returns the record with the times that it has now.
 */
export async function noteActivity(
  { store, events }: Context,
  record: SessionRecord,
  credential: Credential,
  from: SeenFrom,
  now: number,
): Promise<SessionRecord> {
  if (!isDue(record, credential, now)) return record
  try {
    const { device, address } = from
    await store.touch({ id: record.id, hash: credential.hash, from: { device: cutDevice(device), address }, now })
  } catch (error) {
    // A read must not fail because its time could not be noted: the session lives a minute longer than promised anyway.
    events.emit('warning', { message: 'The store could not note that a session is in use.', error })
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
