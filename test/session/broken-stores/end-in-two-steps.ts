import { setImmediate as otherCallers } from 'node:timers/promises'
import { endSession, liveRow, rowWasSeen } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Finds the session, waits, then ends the session. Concurrent logouts all succeed. */
export const endInTwoSteps = brokenMemory((rowsOf) => ({
  async end({ app, id, reason, by, unseen, message, now }) {
    const rows = rowsOf(app)
    const row = liveRow(rows, id, { by }, now)
    if (!row || (unseen && rowWasSeen(rows, row))) return undefined
    await otherCallers()
    return endSession(rows, row, { reason, now, message })
  },
}))
