import { randomUUID } from 'node:crypto'
import type { EndedSession } from '../../record.ts'
import type { SessionStore } from '../../store.ts'
import { type PerApp, perApp } from '../shared/per-app.ts'
import type { WriteBatch } from './batch.ts'
import type { EndMarks } from './end-marks.ts'
import type { SqliteRows } from './rows.ts'

// One step blocks the event loop for about 20 ms.
const STEP_SESSIONS = 500
// A sweep continues the steps of another process only after this time, when that process has probably stopped.
const ABANDONED_MILLISECONDS = 60_000

interface MarkedEnds extends Pick<SessionStore, 'endMany' | 'sweep'> {
  /** Continues the steps of processes that have stopped. Call it when this process first uses an application. */
  resume(app: string): void
}

/** Ends the sessions of an application by a mark, then deletes them in steps. */
export function markedEnds(
  rowsOf: (app: string) => SqliteRows,
  marks: EndMarks,
  writes: WriteBatch,
  { endMany, sweep }: Pick<SessionStore, 'endMany' | 'sweep'>,
): MarkedEnds {
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
      for (const mark of marks.until(app, now - ABANDONED_MILLISECONDS)) await finish(app, mark, unreported(app))
      const swept = await sweep(call)
      return [...unreported(app).splice(0), ...swept]
    },
    resume(app) {
      const finishAll = async () => {
        for (const mark of marks.until(app, Number.MAX_SAFE_INTEGER)) await finish(app, mark, unreported(app))
      }
      finishAll().catch(() => {}) // A sweep tries again.
    },
  }
}
