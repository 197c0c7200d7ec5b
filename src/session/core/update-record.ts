import { setTimeout as pause } from 'node:timers/promises'
import { isLive, isNothingWritten, type SessionId, type SessionRecord } from '../record.ts'
import type { SessionChanges, Updated } from '../store.ts'
import {
  answerOf,
  type Engine,
  isStoreUnavailable,
  reportChanged,
  reportConflict,
  reportEnded,
  storeUnavailable,
} from './context.ts'
import { newWriteId } from './credentials/token.ts'
import { SessionError, sessionEnded } from './errors.ts'
import { refuseNested } from './use-callback.ts'

/** How long a change is tried again while other processes get in between. */
export const CONFLICT_SECONDS = 10
// The first conflicts are tried again at once; later ones wait a random while up to this.
const CONFLICT_PAUSE_MILLISECONDS = 5
// Whoever waited this long behind somebody whom the store left without an answer hears the same, and does not wait for it himself.
const QUEUE_MILLISECONDS = 2000

/** What a change makes of a record: the fields to write (none = nothing to do), and the answer for the caller. */
export interface Change<T> {
  changes: SessionChanges | undefined
  answer: T
}

/** Which session to change, and by whom. */
export interface ChangeTarget {
  /** The record as the request knows it. */
  record: SessionRecord
  /** The hash of the caller's credential; undefined for a session that is borrowed for one request. */
  by: string | undefined
}

/**
 * Reads the newest record, asks `decide` what to make of it, and writes that if nobody else wrote meanwhile; otherwise again.
 * One change of a session at a time in this process. `decide` may run more than once.
 * @returns the record as it now is, and the answer.
 * @throws SessionError SESSION_ENDED, SESSION_BUSY, USE_NESTED, STORE_UNAVAILABLE, or what `decide` throws.
 */
export async function changeRecord<T>(
  engine: Engine,
  target: ChangeTarget,
  decide: (record: SessionRecord) => Change<T> | Promise<Change<T>>,
): Promise<{ record: SessionRecord; answer: T }> {
  const { id } = target.record
  refuseNested(id)
  // Nobody is inside: the record that came with the request is probably the newest. If not, the version tells.
  let known = engine.locks.isFree(id) ? target.record : undefined
  const { clock, store, appName } = engine.policy
  const asked = clock.now()
  return engine.locks.hold(id, async (failure) => {
    const started = clock.now()
    if (isStoreUnavailable(failure) && started - asked >= QUEUE_MILLISECONDS) throw storeUnavailable(failure)
    for (let attempt = 1; ; attempt++) {
      const isGuess = known !== undefined
      const record = known ?? (await answerOf(store.get(appName, id)))
      known = undefined
      if (!record || !isLive(record, clock.now())) throw sessionEnded()
      const { changes, answer } = await decide(record)
      if (changes === undefined && (!isGuess || (await isNewest(engine, target, record)))) return { record, answer }
      if (changes === undefined) continue
      if (await write(engine, record, target.by, changes)) {
        reportChanged(engine, id)
        const { authenticatedAt: _, ...fields } = changes
        return { record: { ...record, ...fields, version: record.version + 1 }, answer }
      }
      if (clock.now() - started >= CONFLICT_SECONDS * 1000) {
        reportConflict(engine, id, true)
        throw new SessionError(
          'SESSION_BUSY',
          'Others are changing this session without a pause. Nothing was written; try again in a few seconds.',
        )
      }
      if (target.by !== undefined) await stillThere(engine, id, target.by)
      reportConflict(engine, id, false)
      if (attempt > 3) await pause(Math.random() * CONFLICT_PAUSE_MILLISECONDS)
    }
  })
}

/**
 * Writes once. When the store's answer is lost on the way, the same write id is asked again, which the store recognises; if that
 * tells nothing either, the outcome is unknown and the caller must hear so: running the callback again could apply it twice.
 */
async function write(
  engine: Engine,
  record: SessionRecord,
  by: string | undefined,
  changes: SessionChanges,
): Promise<boolean> {
  const { store, appName, clock, limits } = engine.policy
  const writeId = newWriteId()
  const ask = () =>
    store.update(
      appName,
      record.id,
      { version: record.version, ...(by === undefined ? {} : { by }) },
      writeId,
      changes,
      limits,
      clock.now(),
    )
  let outcome: Updated
  try {
    outcome = await ask()
  } catch (error) {
    if (isNothingWritten(error)) throw storeUnavailable(error)
    outcome = await ask().catch(() => ({ updated: false, ended: [] }))
    if (!outcome.updated) throw storeUnavailable(error)
  }
  reportEnded(engine, outcome.ended, undefined)
  return outcome.updated
}

/** Whether nobody wrote since this record was read; without a write to compare with, only looking tells. */
async function isNewest(engine: Engine, { by }: ChangeTarget, { id, version }: SessionRecord): Promise<boolean> {
  if (by !== undefined) await stillThere(engine, id, by)
  const { store, appName, clock } = engine.policy
  const newest = await answerOf(store.get(appName, id))
  if (!newest || !isLive(newest, clock.now())) throw sessionEnded()
  return newest.version === version
}

/** A change was refused: because somebody else wrote, or because this device is no longer signed in? */
async function stillThere(engine: Engine, id: SessionId, by: string): Promise<void> {
  const { store, appName, clock } = engine.policy
  const found = await answerOf(store.find(appName, id, by, clock.now()))
  if (found?.state !== 'live') throw sessionEnded()
}
