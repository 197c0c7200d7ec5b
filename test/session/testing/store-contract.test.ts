import assert from 'node:assert/strict'
import test from 'node:test'
import type { SessionStore } from '../../../src/session/store.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { keepsPromise, proveStore, storePromises } from '../../../src/session/testing/store-contract.ts'
import { brokenStores } from '../broken-stores/index.ts'
import { dealtTo } from '../support/dealt-calls.ts'
import { sqlitePair } from '../support/sqlite-pair.ts'

const RACE = /\bof many\b|lose no change|at the same moment/

for (const { flaw, make, breaks } of brokenStores) {
  test(`the store contract notices ${flaw}`, async () => {
    assert.deepEqual(await brokenClaims(make), [...breaks].sort())
  })
}

test('the store contract finds no fault with the correct store behind the broken ones', async () => {
  assert.deepEqual(await brokenClaims(memoryStore), [])
})

test('every race in the store contract fails on at least one broken store', () => {
  const lost = new Set(brokenStores.flatMap(({ breaks }) => breaks))
  const races = storePromises.map(({ claim }) => claim).filter((claim) => RACE.test(claim))
  assert.ok(races.length >= 10)
  assert.deepEqual(
    races.filter((claim) => !lost.has(claim)),
    [],
  )
})

proveStore('SQLite, through two connections to one file,', async () => {
  const { stores, close } = sqlitePair()
  return { store: dealtTo(...stores), close }
})

async function brokenClaims(make: () => SessionStore): Promise<string[]> {
  const open = async () => ({ store: make(), close: async () => {} })
  const outcomes = await Promise.all(
    storePromises.map((promise) =>
      keepsPromise(promise, open).then(
        () => [],
        () => [promise.claim],
      ),
    ),
  )
  return outcomes.flat().sort()
}
