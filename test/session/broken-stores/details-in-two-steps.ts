import { setImmediate as otherCallers } from 'node:timers/promises'
import { liveRow } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Compares the details, waits, then writes the new ones. Two concurrent calls both succeed. */
export const detailsInTwoSteps = brokenMemory((rowsOf) => ({
  async setDetails({ app, id, hash, from, to, now }) {
    const rows = rowsOf(app)
    const row = liveRow(rows, id, { by: hash }, now)
    const credential = row && rows.credential(row, hash)
    if (!credential || credential.lastSeenAt === null || credential.details !== from) return false
    await otherCallers()
    rows.setDetails(row, hash, to)
    return true
  },
}))
