import Database from 'better-sqlite3'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'

proveStore('SQLite', async () => {
  const db = new Database(':memory:')
  return { store: sqliteStore(db), close: async () => void db.close() }
})
