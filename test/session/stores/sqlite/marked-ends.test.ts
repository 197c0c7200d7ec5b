import assert from 'node:assert/strict'
import test from 'node:test'
import Database from 'better-sqlite3'
import { sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { assertEnded } from '../../../../src/session/testing/contract/ending-all.ts'
import { APP, otp, type Trial, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { Program, type Scope, temporaryFolder } from '../../../support/process.ts'
import { countEntries } from '../../support/sqlite-pair.ts'

const MANY = 2100

test('[LIFE-12] if a process is killed while it ends all sessions, no session is live, and a sweep of the next process ends and reports the rest', async (scope) => {
  const { file, trial, stored } = await openMany(scope)
  const { clock, store } = trial
  const [first, other, last] = [stored[0], stored[MANY - 2], stored[MANY - 1]] as [Stored, Stored, Stored]
  const link = otp(clock)
  await store.attach({ id: other.record.id, credential: link })
  const killed = new Program(scope, {
    entry: 'test/session/fixtures/killed-end.ts',
    args: [file, APP, String(clock.now())],
  })
  assert.equal((await killed.ended).signal, 'SIGKILL')
  const left = rowsOf(file, 'SELECT count(*) FROM session_records')
  assert.ok(left > 0 && left < MANY, String(left))

  for (const { record, cookie } of [first, last]) assert.equal(await trial.stateOf(record.id, cookie.hash), 'revoked')
  const late = await assertEnded(trial, other, link, { others: 0 })

  const next = openFile(scope, file)
  const nextTrial = trialOf(sqliteStore(next), clock)
  assert.equal(await nextTrial.stateOf(late.id, late.hash), 'live')
  const reported = await nextTrial.store.sweep({ limit: 500, now: clock.now() + 60_000 })
  assert.equal(reported.length, left)
  assert.deepEqual(await nextTrial.store.sweep({ limit: 500 }), [])
  assert.equal(rowsOf(file, 'SELECT count(*) FROM session_records'), 2)
  assert.equal(await nextTrial.store.takeMessage({ id: other.record.id, hash: other.cookie.hash }), undefined)
  for (const { record, cookie } of [first, last]) {
    const found = await nextTrial.store.find({ id: record.id, hash: cookie.hash })
    assert.deepEqual(found, { state: 'ended', reason: 'revoked', endedAt: clock.now(), message: true, origin: null })
  }
  clock.advance({ hours: 25 })
  await nextTrial.store.sweep({ limit: 500 })
  assert.equal(countEntries(next), 0)
})

test('a sweep of a process that was open before continues an end of all sessions a minute after its process was killed', async (scope) => {
  const { file, trial } = await openMany(scope)
  const { clock, store } = trial
  const args = [file, APP, String(clock.now())]
  await new Program(scope, { entry: 'test/session/fixtures/killed-end.ts', args }).ended
  const left = rowsOf(file, 'SELECT count(*) FROM session_records')
  clock.advance({ seconds: 59 })
  assert.deepEqual(await store.sweep({ limit: 500 }), [])
  clock.advance({ seconds: 1 })
  assert.equal((await store.sweep({ limit: 500 })).length, left)
  assert.equal(rowsOf(file, 'SELECT count(*) FROM session_end_marks'), 0)
})

test('each session of an end of all sessions is reported once, even if other processes start and sweep meanwhile', async (scope) => {
  const { file, trial } = await openMany(scope)
  const ends = trial.store.endMany({ filter: {}, reason: 'revoked', now: trial.clock.now() })
  while (rowsOf(file, 'SELECT count(*) FROM session_end_marks') === 0) await new Promise(setImmediate)
  const other = sqliteStore(openFile(scope, file))
  const call = { limit: 500, now: trial.clock.now() }
  assert.equal(await other.count({ app: APP, filter: {}, now: call.now }), 0)
  assert.deepEqual(await other.sweep({ app: APP, ...call }), [])
  assert.deepEqual(await other.sweep({ app: 'other', ...call }), [])
  assert.equal((await ends).length, MANY)
})

test('a day after a process was killed while it ended all sessions of an application that is no longer used, another application deletes the rest', async (scope) => {
  const { file, trial } = await openMany(scope)
  const { clock, store } = trial
  const args = [file, APP, String(clock.now())]
  await new Program(scope, { entry: 'test/session/fixtures/killed-end.ts', args }).ended
  const db = openFile(scope, file)
  const [wary, other] = [sqliteStore(db, { sweepUnusedApps: false }), sqliteStore(openFile(scope, file))]
  clock.advance({ hours: 24 })
  const call = { app: 'other', limit: 500, now: clock.now() }
  assert.deepEqual(await wary.sweep(call), [])
  assert.equal(rowsOf(file, 'SELECT count(*) FROM session_end_marks'), 1)
  assert.deepEqual(await other.sweep(call), [])
  assert.equal(rowsOf(file, 'SELECT count(*) FROM session_end_marks'), 0)
  assert.equal(await store.count({ filter: {} }), 0)
})

test('while a process ends all sessions, its event loop runs other work between the steps', async (scope) => {
  const { trial } = await openMany(scope)
  let isOver = false
  let turns = 0
  const ends = trial.store.endMany({ filter: {}, reason: 'revoked' }).finally(() => {
    isOver = true
  })
  for (; !isOver; turns++) await new Promise(setImmediate)
  assert.equal((await ends).length, MANY)
  assert.ok(turns >= 4, String(turns))
})

test('a session that begins during an end of all sessions stays, also in a process of version 0.5.0, even if the rows with the highest keys were deleted', async (scope) => {
  const { trial, file } = await openMany(scope)
  const { store, clock, newSession, stateOf } = trial
  const newest = [await trial.stored({ kind: 'rest' }), await trial.stored({ kind: 'rest' })]
  const ends = store.endMany({ filter: { kind: 'web' }, reason: 'revoked', now: clock.now() })
  while (rowsOf(file, 'SELECT count(*) FROM session_end_marks') === 0) await new Promise(setImmediate)
  for (const { record } of newest) await store.end({ id: record.id, reason: 'closed' })
  openFile(scope, file).exec(ADD_AS_OLD_VERSION)
  const late = newSession()
  await store.create(late)
  for (const isOver of [false, true]) {
    if (isOver) await ends
    assert.ok(await store.get({ id: OF_OLD_VERSION }))
    assert.equal(await stateOf(late.session.id, late.credential.hash), 'live')
  }
})

const OF_OLD_VERSION = 'session of version 0.5.0'
const COLUMNS =
  'app, kind, user_name, grants, storage, start_time, last_access_time, idle_milliseconds, absolute_end, end_at, version'
const ADD_AS_OLD_VERSION = `INSERT INTO session_records (id, ${COLUMNS}) SELECT '${OF_OLD_VERSION}', ${COLUMNS} FROM session_records LIMIT 1`

type Stored = Awaited<ReturnType<Trial['stored']>>

async function openMany(scope: Scope): Promise<{ file: string; trial: Trial; stored: Stored[] }> {
  const file = `${temporaryFolder(scope)}/sessions.sqlite`
  const trial = trialOf(sqliteStore(openFile(scope, file), { durability: 'crash' }))
  const stored = await Promise.all(Array.from({ length: MANY }, () => trial.stored({ userId: '3' })))
  return { file, trial, stored }
}

function openFile(scope: Scope, file: string): Database.Database {
  const db = new Database(file)
  scope.after(() => void db.close())
  return db
}

function rowsOf(file: string, query: string): number {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare(query).pluck().get() as number
  } finally {
    db.close()
  }
}
