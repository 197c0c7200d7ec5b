import Database from 'better-sqlite3'
import { sqliteStore } from '../../../src/session/index.js'
import { proveStore } from '../../../src/session/testing/store-contract.js'

proveStore('SQLite', async () => {
  const db = new Database(':memory:')
  return { store: sqliteStore(db), close: async () => void db.close() }
})
