import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Redis } from 'ioredis'
import type { SessionStore } from '../../../../src/session/index.ts'
import type { SessionRecord } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { credential, HOUR, NO_LIMITS, session } from '../../../../src/session/testing/contract/fixtures.ts'
import { type ManualClock, manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'

const APP = 'HEALING'

interface Place {
  client: Redis
  prefix: string
  store: SessionStore
  clock: ManualClock
}

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext): Promise<Place> => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    const { prefix } = ownPrefix()
    return { client, prefix, store: redisStore(client, { prefix }), clock: manualClock() }
  }

  test('what Redis itself removed is neither counted nor listed, though nobody has swept', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const made = await createSome(place, 500, { userId: '4', kind: 'rest' })
    const kept = session(clock, { userId: '4', absoluteEnd: clock.now() + 30 * HOUR, idleMilliseconds: 30 * HOUR })
    await store.create(APP, kept, credential(clock), NO_LIMITS, clock.now())
    clock.advance({ hours: 3 })
    await vanish(place, made)

    assert.equal(await store.count(APP, {}, clock.now()), 1)
    assert.equal(await store.count(APP, { userId: '4' }, clock.now()), 1)
    assert.equal(await store.count(APP, { kind: 'rest' }, clock.now()), 0)
    assert.deepEqual(await store.list(APP, {}, {}, clock.now()), { sessions: [kept] })
    assert.deepEqual(await store.list(APP, { userId: '4' }, { sort: 'end' }, clock.now()), { sessions: [kept] })
    assert.equal(await membersOf(place, 'created'), 1)
  })

  test('what somebody deleted behind the back of the store is neither counted nor listed', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const made = await createSome(place, 60, { userId: '4' })
    await vanish(place, made.slice(0, 40))
    assert.equal(await store.count(APP, { userId: '4' }, clock.now()), 20)
    assert.equal(await store.count(APP, { state: 'user' }, clock.now()), 20)
    assert.equal(await store.count(APP, {}, clock.now()), 20)
    await vanish(place, made.slice(40, 50))
    assert.equal((await store.list(APP, { state: 'user' }, {}, clock.now())).sessions.length, 10)
    await vanish(place, made.slice(50, 55))
    assert.equal((await store.list(APP, {}, { sort: 'seen' }, clock.now())).sessions.length, 5)
    assert.equal(await membersOf(place, 'users'), 5)
  })

  test('a session that is gone holds no licence and no guest’s place, and none of those that its user may have', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const limits = { sessions: 300, guests: 150, sessionsPerUser: 2 }
    const create = (fields: Partial<SessionRecord> = {}) =>
      store.create(APP, session(clock, fields), credential(clock), limits, clock.now())
    const guests = await createSome(place, 150, {})
    const users = await createSome(place, 150, { userId: '4' })
    assert.deepEqual(await create({ userId: '5' }), { admitted: false })
    clock.advance({ hours: 3 })
    assert.deepEqual(await create({ userId: '5' }), { admitted: false }, 'they are over, and there')
    await vanish(place, [...guests, ...users.slice(1)])
    assert.deepEqual(await create(), { admitted: true, ended: [] })
    assert.deepEqual(await create({ userId: '4' }), { admitted: true, ended: [] })
    assert.equal(await store.count(APP, {}, clock.now()), 3)
  })

  test('one session that Redis removed is found among very many, before anybody is refused', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const [over] = await createSome(place, 1, {})
    await createSome(place, 600, { end: clock.now() + 9 * HOUR })
    clock.advance({ hours: 3 })
    await vanish(place, [over ?? ''])
    const create = () => store.create(APP, session(clock), credential(clock), { sessions: 601 }, clock.now())
    assert.deepEqual(await create(), { admitted: true, ended: [] })
    assert.deepEqual(await create(), { admitted: false })
  })

  test('the oldest guest who is really there gives way, and nobody has to for a licence that is free', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const limits = { sessions: 3, guestsGiveWay: true }
    const [gone, first, second] = await createSome(place, 3, {})
    await vanish(place, [gone ?? ''])
    const create = (userId: string) =>
      store.create(APP, session(clock, { userId }), credential(clock), limits, clock.now())
    assert.deepEqual(await create('1'), { admitted: true, ended: [] })
    const admission = await create('2')
    assert.deepEqual(admission.admitted && admission.ended.map(({ id }) => id), [first])
    assert.ok(await store.get(APP, second ?? ''))
  })

  test('a sweep and an end of all tell of those who were there, and leave no trace of the others', async (t) => {
    const place = await open(t)
    const { client, prefix, store, clock } = place
    const made = await createSome(place, 30, { kind: 'rest' })
    await vanish(place, made.slice(0, 10))
    const ended = await store.endMany(APP, { kind: 'rest' }, 'revoked', clock.now())
    assert.deepEqual(ended.map(({ id }) => id).sort(), made.slice(10).sort())

    const late = await createSome(place, 30, { userId: '4' })
    clock.advance({ hours: 2 })
    await vanish(place, late.slice(0, 10))
    assert.deepEqual((await store.sweep(APP, clock.now(), 10)).length, 10)
    assert.deepEqual((await store.sweep(APP, clock.now(), 100)).length, 10)
    const left = (await keysOf(client, prefix)).filter((key) => !/:(?:s:.*|user:.*|serial|announced)$/.test(key))
    assert.deepEqual(left, [])
  })
}

async function createSome({ store, clock }: Place, many: number, fields: Partial<SessionRecord>): Promise<string[]> {
  const records = Array.from({ length: many }, () => session(clock, fields))
  for (const record of records) await store.create(APP, record, credential(clock), NO_LIMITS, clock.now())
  return records.map(({ id }) => id)
}

/** As when their time in Redis is over. */
async function vanish({ client, prefix }: Place, ids: readonly string[]): Promise<void> {
  const keys = ids.map((id) => `{${prefix}:${APP}}:s:${id}`)
  assert.equal(await client.del(...keys), keys.length)
}

function membersOf({ client, prefix }: Place, set: string): Promise<number> {
  return client.zcard(`{${prefix}:${APP}}:${set}`)
}
