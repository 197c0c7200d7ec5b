import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { brokenStores } from '../broken-stores/index.ts'
import { provokeRaces } from '../races/provoke-races.ts'
import { compareWithModel } from './compare-with-model.ts'

const WALK = { runs: 100, seed: 3, endOnFailure: true }
// Random walks without concurrent calls find these flaws.
const ALONE = ['a session that is live in the millisecond of its end', 'an end that leaves no tombstones']
// Only the store contract finds these flaws. The layer touches no ended session, and random walks use few cookies and
// sessions, and bind no cookie.
const OUT_OF_REACH = [
  'a touch that extends every session, even an ended one',
  'a first use of a login that ends the unused logins only after an await',
  'a change of details that compares, waits, then writes',
  'an endMany that ends the sessions in several steps, without a mark',
]

for (const { flaw, make } of brokenStores.filter((broken) => !OUT_OF_REACH.includes(broken.flaw))) {
  test(`random walks notice ${flaw}`, async () => {
    const walk = ALONE.includes(flaw) ? compareWithModel : provokeRaces
    await assert.rejects(walk(make(), WALK), /Property failed after/)
  })
}

test('random walks find no fault with the correct store from which the broken stores are made', async () => {
  await compareWithModel(memoryStore(), WALK)
  await provokeRaces(memoryStore(), WALK)
})
