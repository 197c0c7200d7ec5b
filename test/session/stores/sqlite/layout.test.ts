import assert from 'node:assert/strict'
import test from 'node:test'
import Database from 'better-sqlite3'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { prepareTables, STEPS, type Step } from '../../../../src/session/stores/sqlite/schema.ts'
import { sqliteStoreWith } from '../../../../src/session/stores/sqlite/store.ts'
import { type Scope, temporaryFolder } from '../../../support/process.ts'
import { fingerprint, releasedSql } from '../../support/released-data.ts'
import { assertKept, assertSideBySide, startReleased, writeSessions } from '../../support/released-sessions.ts'

const NEXT: readonly Step[] = [...STEPS, (db) => db.exec('ALTER TABLE session_records ADD COLUMN extra TEXT')]

test('[ROW-1] no session is lost when this version opens a SQLite file of version 0.5.0', async (t) => {
  const { sql, sessions } = releasedSql('sqlite')
  const [db] = openFile(t)
  db.exec(sql)
  await assertKept(await startReleased(t, { store: sqliteStore(db) }), sessions)
})

test('[ROW-2] a new migration step adds a column to a SQLite file while a process of the previous version uses the file', async (t) => {
  const [before, after] = openFile(t)
  const old = await startReleased(t, { store: sqliteStore(before) })
  const sessions = await writeSessions(old)
  const recent = await startReleased(t, { store: sqliteStoreWith(NEXT, after) })
  assert.equal(layoutOf(after), STEPS.length + 1)
  assert.equal(after.prepare('SELECT count(extra) AS n FROM session_records').pluck().get(), 0)
  await assertSideBySide(old, recent, sessions)
  await assertKept(recent, sessions)
})

test('[ROW-3] a SQLite file with a newer or an unreadable layout is refused with an error that says what to do and stays as it is', (t) => {
  const [db] = openFile(t)
  sqliteStore(db)
  // In a file that another program created, the column may accept NULL.
  db.exec(
    'DROP TABLE session_schema; CREATE TABLE session_schema (version INTEGER); INSERT INTO session_schema VALUES (1)',
  )
  const newer = /newer version \(layout \d+; this one knows \d\)\. Update the application, or move the file away/
  const unreadable =
    /layout of the stored sessions is unreadable \(.*\)\. To start without sessions, move the file away/
  for (const [layout, refusal] of [
    ['99', newer],
    ['9223372036854775807', newer],
    [`'two'`, unreadable],
    ['NULL', unreadable],
    [`''`, unreadable],
    [`x''`, unreadable],
    ['0', unreadable],
    ['-1', unreadable],
    ['1.5', unreadable],
  ] as const) {
    db.exec(`UPDATE session_schema SET version = ${layout}`)
    assert.throws(() => sqliteStore(db), refusal, layout)
    assert.equal(
      db.prepare('SELECT quote(version) FROM session_schema').pluck().get(),
      layout.toUpperCase().replace('TWO', 'two'),
    )
  }
  db.exec('DELETE FROM session_schema')
  assert.throws(() => sqliteStore(db), unreadable)
})

test('[ROW-4] when processes of two versions open a SQLite file at once, the older version never undoes the migration of the newer version', (t) => {
  const [slow, quick] = openFile(t)
  // The newer process migrates after the older process has read the layout, and before the older process begins its
  // transaction.
  const delayed = {
    prepare: slow.prepare.bind(slow),
    exec(sql: string) {
      if (sql.startsWith('BEGIN')) prepareTables(quick, NEXT)
      return slow.exec(sql)
    },
  }
  assert.throws(() => prepareTables(delayed, STEPS), /newer version/)
  assert.equal(layoutOf(quick), STEPS.length + 1)
  assert.equal(slow.inTransaction, false)
})

test('a SQLite file of version 0.1.0 gets the column that version 0.2.0 added without a migration step', (t) => {
  // Versions 0.4.0 and 0.5.0 migrated such a file to layout 2 without adding the column.
  for (const layout of [1, 2]) {
    const [db] = openFile(t)
    prepareTables(db, STEPS.slice(0, layout))
    db.exec('ALTER TABLE session_credentials DROP COLUMN purpose')
    sqliteStore(db)
    assert.equal(db.prepare('SELECT count(purpose) AS n FROM session_credentials').pluck().get(), 0)
  }
})

test('[ROW-5] the released migration steps of the SQLite store never change', () => {
  const released = STEPS.slice(0, 2).map((_, index) => {
    const db = new Database(':memory:')
    prepareTables(db, STEPS.slice(0, index + 1))
    return fingerprint(db.prepare('SELECT sql FROM sqlite_master ORDER BY name').pluck().all().join(';'))
  })
  assert.deepEqual(released, ['98bcfc1c727e23a9', '54cd40383fb940e1'], 'add a step instead')
})

function openFile(scope: Scope): [Database.Database, Database.Database] {
  const file = `${temporaryFolder(scope)}/sessions.sqlite`
  return [new Database(file), new Database(file)]
}

function layoutOf(db: Database.Database): unknown {
  return db.prepare('SELECT version FROM session_schema').pluck().get()
}
