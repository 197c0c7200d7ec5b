import assert from 'node:assert/strict'
import test from 'node:test'
import type { SessionStore } from '../../../src/session/store.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { keepsPromise, storePromises } from '../../../src/session/testing/store-contract.ts'
import { brokenStores } from '../broken-stores/index.ts'
import { redeemWithOwnLock } from '../broken-stores/redeem-with-own-lock.ts'

const RACE = /\bof many\b|lose no change|at the same moment/

for (const { flaw, make, breaks } of brokenStores) {
  test(`the store contract notices ${flaw}`, async () => {
    assert.deepEqual(await brokenClaims(make), [...breaks].sort())
  })
}

test('the store contract finds no fault with the correct store behind the broken ones', async () => {
  assert.deepEqual(await brokenClaims(memoryStore), [])
})

test('the store contract notices through two stores on one data set that each redeems a link under a lock of its own', async () => {
  assert.deepEqual(await brokenClaims(() => redeemWithOwnLock().store), [])
  assert.deepEqual(await brokenClaims(redeemWithOwnLock), ['of many who open one link at once exactly one gets in'])
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

async function brokenClaims(make: () => SessionStore | ReturnType<typeof redeemWithOwnLock>): Promise<string[]> {
  const open = async () => {
    const made = make()
    return { ...('store' in made ? made : { store: made }), close: async () => {} }
  }
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
