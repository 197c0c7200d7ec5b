import assert from 'node:assert/strict'
import test from 'node:test'
import Database from 'better-sqlite3'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { sqliteStore } from '../../../src/session/stores/sqlite/index.ts'
import { trialOf } from '../../../src/session/testing/contract/fixtures.ts'
import { proveLimitForUnusedApps } from '../support/unused-apps.ts'

// The store contract has the other tests of PROC-7. Redis needs no such test, because its keys expire by themselves.
proveLimitForUnusedApps('memory', () => memoryStore())
proveLimitForUnusedApps('SQLite', () => sqliteStore(new Database(':memory:')))

test('[PROC-7] SQLite: with `sweepUnusedApps: false`, a sweep removes nothing of other applications', async () => {
  const trial = trialOf(sqliteStore(new Database(':memory:'), { sweepUnusedApps: false }))
  await trial.store.create({ app: 'OTHER', ...trial.newSession() })
  trial.clock.advance({ hours: 1000 })
  await trial.store.sweep({ limit: 10 })
  assert.equal(await trial.store.count({ app: 'OTHER', filter: {} }), 1)
})

test('[PROC-7] SQLite: a sweep removes the process records of an unused application without sessions', async () => {
  const db = new Database(':memory:')
  const trial = trialOf(sqliteStore(db))
  const { store, clock } = trial
  const beat = (app: string) => store.presence?.beat({ app, processId: app, now: clock.now() })
  const processes = () => db.prepare('SELECT app FROM session_processes').pluck().all()
  await store.create({ app: 'OTHER', ...trial.newSession() })
  await beat('OTHER')
  clock.advance({ hours: 48 })
  await beat('CONTRACT')
  assert.deepEqual(processes(), ['CONTRACT', 'OTHER'], 'its process may be asleep')
  await store.sweep({ limit: 10 })
  await beat('CONTRACT')
  assert.deepEqual(processes(), ['CONTRACT'])
})
