import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { SessionStore } from '../../../src/session/index.ts'
import { NEVER } from '../../../src/session/record.ts'
import { credential, HOUR, otp, trialOf } from '../../../src/session/testing/contract/fixtures.ts'

const UNUSED = 'UNUSED'

/** Registers the tests of `sweep` for a store that removes expired data of other applications. */
export function proveUnusedAppsAreSwept(
  name: string,
  open: (t: TestContext) => SessionStore | Promise<SessionStore>,
): void {
  test(`[PROC-7] ${name}: the sweep of any application removes what expired a day ago in an application that is not used any more`, async (t) => {
    const trial = trialOf(await open(t))
    const { store, clock } = trial
    const add = async (fields: Parameters<typeof trial.newSession>[0] = {}) => {
      const made = trial.newSession(fields)
      await store.create({ app: UNUSED, ...made })
      return made
    }
    const [short, gone] = [await add({ userId: '4' }), await add()]
    const long = await add({ absoluteEnd: clock.now() + 100 * HOUR, idleMilliseconds: 0 })
    const everlasting = await add({ absoluteEnd: NEVER, idleMilliseconds: 0 })
    const link = otp(clock, { details: 'unused' })
    await store.attach({ app: UNUSED, id: everlasting.session.id, credential: link })
    await store.attach({ app: UNUSED, id: everlasting.session.id, credential: credential(clock) })
    await store.end({ app: UNUSED, id: gone.session.id, reason: 'closed', message: 'Good bye.' })

    const left = async () => ({
      records: await store.count({ app: UNUSED, filter: {} }),
      credentials: [...(await store.credentials({ app: UNUSED, ids: [everlasting.session.id] })).values()].flat()
        .length,
      tombstone: (await store.find({ app: UNUSED, id: gone.session.id, hash: gone.credential.hash, now: 0 }))?.state,
    })
    const all = { records: 3, credentials: 3, tombstone: 'ended' }
    clock.advance({ hours: 24 })
    assert.deepEqual(await store.sweep({ limit: 10 }), [])
    assert.deepEqual(await left(), all, 'the application may be started again')

    clock.advance({ hours: 25 })
    assert.deepEqual(await store.sweep({ limit: 10 }), [], 'it is not the session of the application that sweeps')
    assert.deepEqual(await left(), { records: 2, credentials: 2, tombstone: undefined })
    assert.equal(await store.get({ app: UNUSED, id: short.session.id }), undefined)
    assert.ok(await store.get({ app: UNUSED, id: long.session.id }))

    clock.advance({ hours: 24 * 400 })
    await store.sweep({ limit: 10 })
    assert.deepEqual(await left(), { records: 1, credentials: 2, tombstone: undefined }, 'it never expires')
  })

  test(`[PROC-7] ${name}: the sweep removes at most its limit of records of unused applications`, async (t) => {
    const trial = trialOf(await open(t))
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
