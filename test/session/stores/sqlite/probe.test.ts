import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import Database from 'better-sqlite3'
import type { SqliteDatabase } from '../../../../src/session/stores/sqlite/batch.ts'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'

const CALL = { app: 'CRM', now: 0 }
const OPEN = { 'better-sqlite3': () => new Database(':memory:'), 'node:sqlite': () => new DatabaseSync(':memory:') }

for (const [library, open] of Object.entries(OPEN)) {
  test(`[WRITE-5] a SQLite file that is full or read-only refuses writes and can still be read, through ${library}`, async () => {
    const db: SqliteDatabase = open()
    const store = sqliteStore(db)
    const state = async () => (await store.probe?.(CALL))?.state
    db.exec('PRAGMA query_only = ON')
    assert.equal(await state(), 'refusing')
    db.exec('PRAGMA query_only = OFF')
    assert.equal(await state(), 'writable')
    await store.sweep({ ...CALL, limit: 1 })

    fill(db)
    assert.equal(await state(), 'refusing')
    assert.equal(await store.count({ ...CALL, filter: {} }), 0)
    db.exec('PRAGMA max_page_count = 100000')
    assert.equal(await state(), 'writable')
  })
}

/** Adds short rows in key order, before the probe's row, until the last page has no space for another row. */
function fill(db: SqliteDatabase): void {
  const add = db.prepare(
    `INSERT INTO session_tombstones (app, hash, id, reason, ended_at, keep_until) VALUES ('CRM', ?, '', '', 0, 9e9)`,
  )
  db.exec('PRAGMA max_page_count = 1')
  assert.throws(() => {
    for (let n = 1000; n < 10_000; n++) add.run(String(n))
  }, /full/)
}
