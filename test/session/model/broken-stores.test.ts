import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { brokenStores } from '../broken-stores/index.ts'
import { provokeRaces } from '../races/provoke-races.ts'
import { compareWithModel } from './compare-with-model.ts'

const WALK = { runs: 100, seed: 3, endOnFailure: true }
// A single caller finds these flaws.
const ALONE = ['a session that is live at its very end', 'an end that leaves nothing to be recognised by']
// Only the store contract finds these: the layer touches no ended session, and random walks use few cookies at once.
const OUT_OF_REACH = [
  'a touch that moves the end of whatever it finds',
  'a first use of a login that is recorded, and ends the unused logins later',
]

for (const { flaw, make } of brokenStores.filter((broken) => !OUT_OF_REACH.includes(broken.flaw))) {
  test(`random walks notice ${flaw}`, async () => {
    const walk = ALONE.includes(flaw) ? compareWithModel : provokeRaces
    await assert.rejects(walk(make(), WALK), /Property failed after/)
  })
}

test('random walks find no fault with the correct store behind the broken ones', async () => {
  await compareWithModel(memoryStore(), WALK)
  await provokeRaces(memoryStore(), WALK)
})
