import { isExpired } from '../../../src/session/record.ts'
import { access, endUnused } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Extends any session, even a session that has ended. */
export const touchThatRevives = brokenMemory((rowsOf) => ({
  async touch({ app, id, hash, from, now }) {
    const rows = rowsOf(app)
    const row = rows.session(id)
    const credential = row?.credentials.get(hash)
    if (!row || !credential || isExpired(credential, now)) return []
    access(rows, row, credential, from, now)
    return endUnused(rows, credential, now)
  },
}))
