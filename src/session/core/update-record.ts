import { setTimeout as pause } from 'node:timers/promises'
import { isLive, isNothingWritten, type SessionId, type SessionRecord } from '../record.ts'
import type { SessionChanges, Updated } from '../store.ts'
import type { BoundStore } from './bound-store.ts'
import { type Context, reportConflict, reportEnded } from './context.ts'
import { newWriteId } from './credentials/token.ts'
import { isSessionError, SessionError, sessionEnded, storeUnavailable } from './errors.ts'
import type { RequestSession } from './request-session.ts'
import { refuseNested } from './use-callback.ts'

/** How long an update is tried again while other processes get in between. */
export const CONFLICT_SECONDS = 10
// The first conflicts are tried again at once; later ones wait a random while up to this.
const CONFLICT_PAUSE_MILLISECONDS = 5
// An update that waited this long behind one that the store left without an answer fails with it, and does not ask the store itself.
const QUEUE_MILLISECONDS = 2000

/** What an update makes of a record: the fields to write (none = nothing to do), and the answer for the caller. */
interface RecordUpdate<T> {
  changes: SessionChanges | undefined
  answer: T
}

type Decide<T> = (record: SessionRecord) => RecordUpdate<T> | Promise<RecordUpdate<T>>

/** Which session to update, and by which credential. */
interface Target {
  /** The record as the request knows it. */
  record: SessionRecord
  /** The hash of the caller's credential; undefined for a session that is borrowed for one request. */
  by: string | undefined
}

/**
 * Updates the record of a stored session: reads the newest one, asks `decide` what to make of it, and writes that if there was no other
 * write meanwhile; otherwise again. One update of a session at a time in this process. `decide` may run more than once.
 * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, STORE_UNAVAILABLE, or what `decide` throws.
 */
export async function updateRecord<T>(request: RequestSession, decide: Decide<T>): Promise<T> {
  const { state } = request
  if (state.is !== 'live' && state.is !== 'borrowed') throw sessionEnded()
  const target = { record: state.record, by: state.is === 'live' ? state.credential.hash : undefined }
  const isStillThis = () => request.state.is === state.is && request.record.id === state.record.id
  try {
    const { record, answer } = await updateStored(request.context, target, decide)
    if (isStillThis()) request.state = { ...state, record }
    return answer
  } catch (error) {
    if (isSessionError(error, 'SESSION_ENDED') && isStillThis()) request.becomeGuest('just-ended')
    throw error
  }
}

/** @returns the record as it now is, and the answer. */
async function updateStored<T>(
  context: Context,
  target: Target,
  decide: Decide<T>,
): Promise<{ record: SessionRecord; answer: T }> {
  const { store, clock, events, queue } = context
  const { id } = target.record
  refuseNested(id)
  // When no update is under way, the record that came with the request is probably the newest. If not, the version tells.
  let known = queue.isIdle(id) ? target.record : undefined
  const asked = clock.now()
  return queue.run(id, async (failure) => {
    const started = clock.now()
    if (isSessionError(failure, 'STORE_UNAVAILABLE') && started - asked >= QUEUE_MILLISECONDS)
      throw storeUnavailable(failure)
    for (let attempt = 1; ; attempt++) {
      const isGuess = known !== undefined
      const record = known ?? (await store.get({ id }))
      known = undefined
      if (!record || !isLive(record, clock.now())) throw sessionEnded()
      const { changes, answer } = await decide(record)
      if (changes === undefined && (!isGuess || (await isNewest(context, target, record)))) return { record, answer }
      if (changes === undefined) continue
      if (await write(context, record, target.by, changes)) {
        events.emit('changed', { id })
        const { authenticatedAt: _, ...fields } = changes
        return { record: { ...record, ...fields, version: record.version + 1 }, answer }
      }
      if (clock.now() - started >= CONFLICT_SECONDS * 1000) {
        reportConflict(context, id, true)
        throw new SessionError(
          'SESSION_BUSY',
          'Others are changing this session without a pause. Nothing was written; try again in a few seconds.',
        )
      }
      if (target.by !== undefined) await requireLive(store, id, target.by)
      reportConflict(context, id, false)
      if (attempt > 3) await pause(Math.random() * CONFLICT_PAUSE_MILLISECONDS)
    }
  })
}

/**
 * Writes once. When the store's reply is lost on the way, the same write id is asked again, which the store recognises; if that
 * tells nothing either, the outcome is unknown and the caller must hear so: running the callback again could apply it twice.
 */
async function write(
  context: Context,
  record: SessionRecord,
  by: string | undefined,
  changes: SessionChanges,
): Promise<boolean> {
  const { store, policy } = context
  const writeId = newWriteId()
  const expected = { version: record.version, ...(by === undefined ? {} : { by }) }
  const ask = () => store.update({ id: record.id, expected, writeId, changes, limits: policy.limits })
  let outcome: Updated
  try {
    outcome = await ask()
  } catch (error) {
    if (isNothingWritten((error as Error).cause)) throw error
    outcome = await ask().catch(() => ({ updated: false, ended: [] }))
    if (!outcome.updated) throw error
  }
  reportEnded(context, outcome.ended, undefined)
  return outcome.updated
}

/** Whether there was no write since this record was read; without a write of its own to compare with, only looking tells. */
async function isNewest({ store, clock }: Context, { by }: Target, { id, version }: SessionRecord): Promise<boolean> {
  if (by !== undefined) await requireLive(store, id, by)
  const newest = await store.get({ id })
  if (!newest || !isLive(newest, clock.now())) throw sessionEnded()
  return newest.version === version
}

/** An update was refused: because of another write, or because this device is no longer signed in? */
async function requireLive(store: BoundStore, id: SessionId, hash: string): Promise<void> {
  const found = await store.find({ id, hash })
  if (found?.state !== 'live') throw sessionEnded()
}
