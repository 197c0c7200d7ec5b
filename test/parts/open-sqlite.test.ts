import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { openSqlite } from '../../src/parts/open-sqlite.ts'
import { createParts } from '../../src/parts/parts.ts'
import { demoConfig } from '../support/demo.ts'
import { temporaryFolder } from '../support/process.ts'

test('[ROUTE-8] only the owner can read the database files, even if other users could read the files before', async (t) => {
  const folder = temporaryFolder(t)
  const before = process.umask(0)
  t.after(() => void process.umask(before))
  const [crm, sessions] = [join(folder, 'crm.sqlite'), join(folder, 'sessions.sqlite')]
  writeFileSync(sessions, '')
  chmodSync(sessions, 0o644)
  const parts = await createParts(
    demoConfig({ database: { kind: 'sqlite', file: crm }, sessionStore: { kind: 'sqlite', file: sessions } }),
  )
  t.after(() => parts.close({ endSessions: true }))
  const rights = readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mode & 0o777])
  assert.deepEqual(
    rights.toSorted(),
    ['crm.sqlite', 'sessions.sqlite'].flatMap((file) => ['', '-shm', '-wal'].map((end) => [file + end, 0o600])),
  )
})

// Processes that start together find a new file, which another process is about to switch to WAL.
test('a new database file that another process has just begun to write is opened after this write', async (t) => {
  const file = join(temporaryFolder(t), 'crm.sqlite')
  new Database(file).exec('CREATE TABLE first (a)').close()
  const other = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    const database = new (require('better-sqlite3'))(workerData)
    database.exec('BEGIN IMMEDIATE')
    parentPort.postMessage('locked')
    setTimeout(() => database.close(), 100)`,
    { eval: true, workerData: file },
  )
  await once(other, 'message')
  const database = openSqlite(file, 'DATABASE_URL')
  t.after(() => database.close())
  assert.equal(database.pragma('journal_mode', { simple: true }), 'wal')
})
