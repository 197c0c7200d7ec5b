import { setTimeout as pause } from 'node:timers/promises'
import { isLive, isNothingWritten, type SessionId, type SessionRecord } from '../record.ts'
import type { SessionChanges, Updated as UpdateReply } from '../store.ts'
import type { BoundStore } from './bound-store.ts'
import { type Context, reportConflict, reportEnded } from './context.ts'
import { newWriteId } from './credentials/token.ts'
import { failAlike, isSessionError, sessionBusy, sessionEnded } from './errors.ts'
import type { RequestSession } from './request-session.ts'
import { isTraced, type TraceMessage, traced } from './tracing.ts'
import { refuseNested } from './use-callback.ts'

/** An update that still has write conflicts after this time fails with SESSION_BUSY. */
export const CONFLICT_SECONDS = 10
// The maximum random delay before a retry. The first three retries have no delay.
const CONFLICT_PAUSE_MILLISECONDS = 5

/** The fields to write (undefined for none), and the result for the caller. */
interface RecordUpdate<T> {
  changes: SessionChanges | undefined
  result: T
}

type Decide<T> = (record: SessionRecord) => RecordUpdate<T> | Promise<RecordUpdate<T>>

interface Target {
  record: SessionRecord
  /** The hash of the caller's credential; undefined for a request-only link. */
  by: string | undefined
}

/**
 * Changes a stored session by compare-and-set. `decide` gets the record and returns the changes. After a conflict,
 * `decide` runs again with the newest record. Updates of one session run one at a time in this process.
 * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, STORE_UNAVAILABLE, or what `decide` throws.
 */
export async function updateRecord<T>(request: RequestSession, decide: Decide<T>): Promise<T> {
  const { state } = request
  if (state.is !== 'live' && state.is !== 'request-only') throw sessionEnded()
  const target = { record: state.record, by: state.is === 'live' ? state.credential.hash : undefined }
  try {
    const { record, result } = await updateTraced(request.context, target, decide)
    request.state = { ...state, record }
    return result
  } catch (error) {
    if (isSessionError(error, 'SESSION_ENDED')) request.becomeGuest('just-ended')
    throw error
  }
}

interface Updated<T> {
  record: SessionRecord
  result: T
  /** How often the store was asked to write; 0 if nothing changed. */
  attempts: number
}

function updateTraced<T>(context: Context, target: Target, decide: Decide<T>): Promise<Updated<T>> {
  if (!isTraced('write')) return updateStored(context, target, decide)
  const facts = { operation: 'write', sessionId: target.record.id } as const
  return traced(context.source, facts, () => updateStored(context, target, decide), outcomeOf)
}

function outcomeOf({ attempts }: Pick<Updated<unknown>, 'attempts'>): Partial<TraceMessage> {
  return { outcome: attempts > 0 ? 'written' : 'unchanged', attempts }
}

async function updateStored<T>(context: Context, target: Target, decide: Decide<T>): Promise<Updated<T>> {
  const { store, clock, events, queue } = context
  const { id } = target.record
  refuseNested(id)
  // If no update is queued, the request probably has the newest record. The version check detects an older record.
  let known = queue.isIdle(id) ? target.record : undefined
  const asked = clock.now()
  return queue.run(id, async (failure) => {
    const started = clock.now()
    failAlike(failure, started - asked)
    for (let attempt = 1; ; attempt++) {
      const isGuess = known !== undefined
      const record = known ?? (await store.get({ id }))
      known = undefined
      if (!record || !isLive(record, clock.now())) throw sessionEnded()
      const { changes, result } = await decide(record)
      if (changes === undefined) {
        if (!isGuess || (await isNewest(context, target, record))) return { record, result, attempts: 0 }
        continue
      }
      if (await write(context, record, target.by, changes)) {
        events.emit('changed', { id })
        const { authenticatedAt: _, ...fields } = changes
        return { record: { ...record, ...fields, version: record.version + 1 }, result, attempts: attempt }
      }
      if (clock.now() - started >= CONFLICT_SECONDS * 1000) {
        reportConflict(context, id, true)
        throw sessionBusy()
      }
      if (target.by !== undefined) await requireLive(store, id, target.by)
      reportConflict(context, id, false)
      if (attempt > 3) await pause(Math.random() * CONFLICT_PAUSE_MILLISECONDS)
    }
  })
}

/**
 * Writes the changes. After an error, repeats the store call once, because the store may have written the changes and
 * only the reply was lost. The store applies a `writeId` only once. If both calls fail, throws the first error. A retry
 * with a new `writeId` could apply the changes twice.
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
  let outcome: UpdateReply
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

/** Checks the version for an update without changes, because the store checks the version only for a write. */
async function isNewest({ store, clock }: Context, { by }: Target, { id, version }: SessionRecord): Promise<boolean> {
  if (by !== undefined) await requireLive(store, id, by)
  const newest = await store.get({ id })
  if (!newest || !isLive(newest, clock.now())) throw sessionEnded()
  return newest.version === version
}

async function requireLive(store: BoundStore, id: SessionId, hash: string): Promise<void> {
  const found = await store.find({ id, hash })
  if (found?.state !== 'live') throw sessionEnded()
}
