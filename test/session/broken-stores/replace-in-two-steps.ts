import { setImmediate as otherCallers } from 'node:timers/promises'
import { endBeyond, isFull, liveRow, replaceSession } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Creates the new session, waits, then invalidates the old one without checking again that it still exists. */
export const replaceInTwoSteps = brokenMemory((rowsOf) => ({
  async replace({ app, id, expected: { version, by }, session, credential, limits, now }) {
    const rows = rowsOf(app)
    const row = liveRow(rows, id, { by }, now)
    if (!row) return { state: 'gone' }
    if (version !== undefined && version !== row.record.version) return { state: 'moved' }
    const keepRecord = !isFull(rows, session, limits)
    rows.insert(session, credential)
    await otherCallers()
    replaceSession(rows, row, { keepRecord, now })
    return { state: 'replaced', ended: endBeyond(rows, session, credential, limits, now) }
  },
}))
