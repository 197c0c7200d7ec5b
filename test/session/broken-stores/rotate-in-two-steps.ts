import { setImmediate as otherCallers } from 'node:timers/promises'
import { liveRow, rotateCredential } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Checks the credential, waits, then writes the new one. Two concurrent rotations both succeed. */
export const rotateInTwoSteps = brokenMemory((rowsOf) => ({
  async rotate({ app, id, by, credential, others, now }) {
    const rows = rowsOf(app)
    const row = liveRow(rows, id, { by }, now)
    if (!row) return false
    await otherCallers()
    rotateCredential(rows, row, { by, credential, others, now })
    return true
  },
}))
