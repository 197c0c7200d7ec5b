import { setImmediate as otherCallers } from 'node:timers/promises'
import { isExpired } from '../../../src/session/record.ts'
import { access, endUnused } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Records the first use of a login, waits, then ends the unused logins of the same origin. */
export const loginInTwoSteps = brokenMemory((rowsOf) => ({
  async touch({ app, id, hash, from, now }) {
    const rows = rowsOf(app)
    const row = rows.session(id)
    const credential = row?.credentials.get(hash)
    if (!row || !credential || isExpired(credential, now) || now >= row.record.end || row.record.startTime === null)
      return []
    access(rows, row, credential, from, now)
    await otherCallers()
    return endUnused(rows, credential, now)
  },
}))
