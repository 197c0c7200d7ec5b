import { setImmediate as otherCallers } from 'node:timers/promises'
import { endSession } from '../../../src/session/stores/shared/embedded-rules.ts'
import { isSelected } from '../../../src/session/stores/shared/memory-lists.ts'
import { brokenMemory } from './broken-memory.ts'

/** Selects the sessions, waits, then ends them. Concurrent callers all return the same sessions. */
export const endManyInTwoSteps = brokenMemory((rowsOf) => ({
  async endMany({ app, filter, reason, message, now }) {
    const rows = rowsOf(app)
    const selected = [...rows.sessions.values()].filter((row) => isSelected(row, filter, now))
    await otherCallers()
    return selected.map((row) => endSession(rows, row, { reason, now, message }))
  },
}))
