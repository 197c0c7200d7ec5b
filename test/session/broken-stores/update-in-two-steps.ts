import { setImmediate as otherCallers } from 'node:timers/promises'
import { endOldest, liveRow } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Compares the version, waits, then writes. A concurrent write during the wait is lost. */
export const updateInTwoSteps = brokenMemory((rowsOf) => ({
  async update({ app, id, expected, writeId, changes, limits, now }) {
    const rows = rowsOf(app)
    if (rows.writeIdOf(id) === writeId) return { updated: true, ended: [] }
    const row = liveRow(rows, id, expected, now)
    if (!row) return { updated: false, ended: [] }
    await otherCallers()
    const { authenticatedAt, ...fields } = changes
    const lastAccessTime = Math.max(row.record.lastAccessTime ?? 0, fields.lastAccessTime ?? 0)
    row.record = { ...row.record, ...fields, lastAccessTime, version: row.record.version + 1 }
    row.writeId = writeId
    const credential = row.credentials.get(expected.by ?? '')
    if (credential && authenticatedAt !== undefined)
      row.credentials.set(credential.hash, { ...credential, authenticatedAt, via: 'login' })
    return { updated: true, ended: fields.userId === undefined ? [] : endOldest(rows, row.record, limits, now) }
  },
}))
