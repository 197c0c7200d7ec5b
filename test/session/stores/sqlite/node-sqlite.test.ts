import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { countEntries } from '../../support/sqlite-pair.ts'

proveStore('[PROC-1] SQLite (node:sqlite)', async () => {
  const db = new DatabaseSync(':memory:')
  return { store: sqliteStore(db), entries: async () => countEntries(db), close: async () => db.close() }
})
