import assert from 'node:assert/strict'
import test from 'node:test'
import type { SessionStore } from '../../../src/session/store.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { keepsPromise, storePromises } from '../../../src/session/testing/store-contract.ts'
import { brokenStores } from '../broken-stores/index.ts'
import { locked, lockedPair } from '../broken-stores/one-call-at-a-time.ts'

const RACE = /\bof many\b|lose no change|at the same moment/
const RACES = storePromises.filter(({ claim }) => RACE.test(claim))

for (const { flaw, make, breaks } of brokenStores) {
  test(`the store contract notices ${flaw}`, async () => {
    assert.deepEqual(await brokenClaims(() => ({ store: make() })), [...breaks].sort())
  })
}

test('the store contract finds no fault with the correct store from which the broken stores are made', async () => {
  assert.deepEqual(await brokenClaims(() => ({ store: memoryStore() })), [])
})

test('the store contract notices each race between two stores with shared data, even if each store runs one call at a time', async () => {
  const noticed = new Set<string>()
  for (const { flaw, make, breaks } of brokenStores) {
    const alone = await brokenClaims(() => locked(make), RACES)
    const together = await brokenClaims(() => lockedPair(make), RACES)
    const expected = breaks.filter((claim) => RACE.test(claim) && !alone.includes(claim))
    assert.deepEqual(
      expected.filter((claim) => !together.includes(claim)),
      [],
      flaw,
    )
    for (const claim of expected) noticed.add(claim)
  }
  assert.deepEqual(racesExcept(noticed), [])
})

test('every race in the store contract fails on at least one broken store', () => {
  assert.ok(RACES.length >= 10)
  assert.deepEqual(racesExcept(new Set(brokenStores.flatMap(({ breaks }) => breaks))), [])
})

function racesExcept(noticed: ReadonlySet<string>): string[] {
  return RACES.map(({ claim }) => claim).filter((claim) => !noticed.has(claim))
}

async function brokenClaims(
  make: () => { store: SessionStore; second?: SessionStore },
  promises = storePromises,
): Promise<string[]> {
  const open = async () => ({ ...make(), close: async () => {} })
  const outcomes = await Promise.all(
    promises.map((promise) =>
      keepsPromise(promise, open).then(
        () => [],
        () => [promise.claim],
      ),
    ),
  )
  return outcomes.flat().sort()
}
