import { access } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** `UPDATE … SET end_at = ? WHERE id = ?`: moves the end of any session, ended or not. */
export const touchThatRevives = brokenMemory((rowsOf) => ({
  async touch({ app, id, hash, from, now }) {
    const rows = rowsOf(app)
    const row = rows.session(id)
    const credential = row?.credentials.get(hash)
    if (row && credential) access(rows, row, credential, from, now)
  },
}))
