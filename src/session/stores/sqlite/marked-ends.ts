import { randomUUID } from 'node:crypto'
import { type EndedSession, UNUSED_APP_MILLISECONDS } from '../../record.ts'
import type { SessionStore } from '../../store.ts'
import { type PerApp, perApp } from '../shared/per-app.ts'
import type { WriteBatch } from './batch.ts'
import type { EndMarks } from './end-marks.ts'
import type { SqliteRows } from './rows.ts'

// One step blocks the event loop for about 20 ms.
const STEP_SESSIONS = 500
// A sweep continues the steps of another process only after this time, when that process has probably stopped. Until
// then, the other process reports the ended sessions.
const ABANDONED_MILLISECONDS = 60_000

/** Ends the sessions of an application by a mark, then deletes them in steps. A sweep continues abandoned steps. */
export function markedEnds(
  rowsOf: (app: string) => SqliteRows,
  marks: EndMarks,
  writes: WriteBatch,
  { endMany, sweep, sweepUnusedApps }: Pick<SessionStore, 'endMany' | 'sweep'> & { sweepUnusedApps: boolean },
): Pick<SessionStore, 'endMany' | 'sweep'> {
  /** The sessions of other processes' marks that this process has ended, and that no sweep has returned yet. */
  const unreported: PerApp<EndedSession[]> = perApp(() => [])
  const step = (app: string, mark: string) => writes.add(() => rowsOf(app).endMarked(mark, STEP_SESSIONS))

  async function finish(app: string, mark: string, ended: EndedSession[]): Promise<void> {
    while (marks.has(mark)) ended.push(...(await step(app, mark)))
  }

  return {
    async endMany(call) {
      const { app, filter, reason, message, now } = call
      if (filter.userId !== undefined) return endMany(call)
      const mark = randomUUID()
      const ended = await writes.add(() => {
        rowsOf(app).addMark(mark, filter, { reason, message, now })
        return rowsOf(app).endMarked(mark, STEP_SESSIONS)
      })
      // All sessions have ended. If a step fails, a sweep returns the other sessions.
      await finish(app, mark, ended).catch(() => {})
      return ended
    },
    async sweep(call) {
      const { app, now } = call
      const othersTime = sweepUnusedApps ? now - UNUSED_APP_MILLISECONDS : Number.NEGATIVE_INFINITY
      for (const mark of marks.until(app, now - ABANDONED_MILLISECONDS, othersTime))
        await finish(mark.app, mark.id, unreported(mark.app))
      const swept = await sweep(call)
      return [...unreported(app).splice(0), ...swept]
    },
  }
}
