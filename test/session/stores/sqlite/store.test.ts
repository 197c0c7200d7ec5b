import Database from 'better-sqlite3'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { sqlitePair } from '../../support/sqlite-pair.ts'

proveStore('SQLite', async () => {
  const db = new Database(':memory:')
  return { store: sqliteStore(db), close: async () => void db.close() }
})

proveStore('SQLite, through two connections to one file,', async () => {
  const { stores, entries, close } = sqlitePair()
  const [store, second] = stores
  return { store, second, entries, close }
})
