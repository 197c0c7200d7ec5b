import assert from 'node:assert/strict'
import test from 'node:test'
import Database from 'better-sqlite3'
import { timedStore } from '../../src/metrics/index.ts'
import type { SessionStore } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import { proveStore } from '../../src/session/testing/store-contract.ts'
import { troubledStore } from '../support/troubled-store.ts'

proveStore('timed memory', async () => ({ store: timedStore(memoryStore(), () => {}), close: async () => {} }))

test('a timed store has every member of the store that it wraps', () => {
  for (const store of [memoryStore(), sqliteStore(new Database(':memory:')), withAnnouncements()]) {
    const timed = timedStore(store, () => {})
    assert.equal(timed.warnings, store.warnings)
    assert.equal(timed.presence, store.presence)
    assert.equal(timed.announcements, store.announcements)
    for (const name of methodsOf(store)) assert.equal(typeof timed[name as keyof SessionStore], 'function', name)
  }
})

test('each call is reported once, at its end, with its name and outcome', async () => {
  const trouble = troubledStore(memoryStore())
  const told: string[] = []
  const timed = timedStore(trouble.store, (operation, outcome, seconds) => {
    assert.ok(seconds >= 0 && seconds < 10)
    told.push(`${operation} ${outcome}`)
  })
  assert.equal(await timed.get({ app: 'CRM', id: '0'.repeat(32) }), undefined)
  trouble.trouble('fails')
  await assert.rejects(timed.count({ app: 'CRM', filter: {}, now: 0 }), /broke during count/)
  assert.deepEqual(told, ['get ok', 'count error'])
  trouble.trouble('hangs')
  const hanging = timed.sweep({ app: 'CRM', limit: 1, now: 0 })
  await trouble.waiting()
  assert.equal(told.length, 2)
  trouble.giveUp()
  await assert.rejects(hanging)
  assert.equal(told[2], 'sweep error')
})

function withAnnouncements(): SessionStore {
  return Object.assign(memoryStore(), {
    announcements: { listen: () => () => {} },
    warnings: { listen: () => () => {} },
  })
}

function methodsOf(store: SessionStore): string[] {
  const names = [...Object.keys(store), ...Object.getOwnPropertyNames(Object.getPrototypeOf(store))]
  return names.filter((name) => name !== 'constructor' && name !== 'app' && name in store && isMethod(store, name))
}

function isMethod(store: SessionStore, name: string): boolean {
  return typeof Reflect.get(store, name) === 'function' && !Object.hasOwn(Object.prototype, name)
}
