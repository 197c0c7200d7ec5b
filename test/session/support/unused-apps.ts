import assert from 'node:assert/strict'
import test from 'node:test'
import type { SessionStore } from '../../../src/session/index.ts'
import { trialOf } from '../../../src/session/testing/contract/fixtures.ts'

/** Tests a store whose sweep also removes the expired records of other applications. */
export function proveLimitForUnusedApps(name: string, open: () => SessionStore): void {
  test(`[PROC-7] ${name}: the sweep removes at most its limit of records of unused applications`, async () => {
    const trial = trialOf(open())
    const { store, clock } = trial
    const apps = ['A', 'B', 'C']
    for (const app of apps) for (let n = 0; n < 3; n++) await store.create({ app, ...trial.newSession() })
    await trial.stored()
    clock.advance({ hours: 48 })
    const counts: number[] = []
    for (let n = 0; n < 3; n++) {
      await store.sweep({ limit: 4 })
      const each = await Promise.all(apps.map((app) => store.count({ app, filter: {} })))
      counts.push(each.reduce((sum, count) => sum + count))
    }
    assert.deepEqual(counts, [5, 1, 0])
    assert.equal(await store.count({ filter: {} }), 0)
  })
}
