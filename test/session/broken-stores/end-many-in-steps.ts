import { setImmediate as otherCallers } from 'node:timers/promises'
import { endSession } from '../../../src/session/stores/shared/embedded-rules.ts'
import { isSelected } from '../../../src/session/stores/shared/memory-lists.ts'
import { brokenMemory } from './broken-memory.ts'

const STEP_SESSIONS = 100

/** Ends some sessions, waits, then ends the next ones. Meanwhile the others are live. */
export const endManyInSteps = brokenMemory((rowsOf) => ({
  async endMany({ app, filter, reason, message, now }) {
    const rows = rowsOf(app)
    const selected = [...rows.sessions.values()].filter((row) => isSelected(row, filter, now))
    const ended = []
    for (const [index, row] of selected.entries()) {
      if (rows.session(row.record.id)) ended.push(endSession(rows, row, { reason, now, message }))
      if (index % STEP_SESSIONS === STEP_SESSIONS - 1) await otherCallers()
    }
    return ended
  },
}))
