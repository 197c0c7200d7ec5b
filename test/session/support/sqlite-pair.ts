import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { SessionStore } from '../../../src/session/index.ts'
import { type SqliteDatabase, sqliteStore } from '../../../src/session/stores/sqlite/index.ts'

/** Two stores on one file, as in two processes. */
export interface StorePair {
  stores: [SessionStore, SessionStore]
  entries(): Promise<number>
  close(): Promise<void>
}

const ENTRIES = `SELECT (SELECT count(*) FROM session_records) + (SELECT count(*) FROM session_credentials)
  + (SELECT count(*) FROM session_tombstones) AS n`

export function sqlitePair(): StorePair {
  const folder = mkdtempSync(join(tmpdir(), 'crm-test-'))
  const file = join(folder, 'sessions.sqlite')
  const [one, two] = [new Database(file), new Database(file)]
  return {
    stores: [sqliteStore(one), sqliteStore(two)],
    entries: async () => countEntries(one),
    async close() {
      one.close()
      two.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Counts the rows of sessions, credentials and tombstones. */
export function countEntries(db: SqliteDatabase): number {
  return (db.prepare(ENTRIES).get() as { n: number }).n
}
