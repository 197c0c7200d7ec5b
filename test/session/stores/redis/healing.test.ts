import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Redis } from 'ioredis'
import type { SessionRecord } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import {
  APP,
  credential,
  HOUR,
  session,
  type Trial,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'

interface Place extends Trial {
  client: Redis
  prefix: string
}

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext): Promise<Place> => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    const { prefix } = ownPrefix()
    return { client, prefix, ...trialOf(redisStore(client, { prefix })) }
  }

  test('sessions that Redis itself removed are neither counted nor listed, even before a sweep', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const made = await createSome(place, 500, { userId: '4', kind: 'rest' })
    const kept = session(clock, { userId: '4', absoluteEnd: clock.now() + 30 * HOUR, idleMilliseconds: 30 * HOUR })
    await store.create({ session: kept, credential: credential(clock) })
    clock.advance({ hours: 3 })
    await vanish(place, made)

    assert.equal(await store.count({ filter: {} }), 1)
    assert.equal(await store.count({ filter: { userId: '4' } }), 1)
    assert.equal(await store.count({ filter: { kind: 'rest' } }), 0)
    assert.deepEqual(await store.list({ filter: {}, page: {} }), { sessions: [kept] })
    assert.deepEqual(await store.list({ filter: { userId: '4' }, page: { sort: 'end' } }), { sessions: [kept] })
    assert.equal(await membersOf(place, 'created'), 1)
  })

  test('sessions that were deleted from Redis by hand are neither counted nor listed', async (t) => {
    const place = await open(t)
    const { store } = place
    const made = await createSome(place, 60, { userId: '4' })
    await vanish(place, made.slice(0, 40))
    assert.equal(await store.count({ filter: { userId: '4' } }), 20)
    assert.equal(await store.count({ filter: { state: 'user' } }), 20)
    assert.equal(await store.count({ filter: {} }), 20)
    await vanish(place, made.slice(40, 50))
    assert.equal((await store.list({ filter: { state: 'user' }, page: {} })).sessions.length, 10)
    await vanish(place, made.slice(50, 55))
    assert.equal((await store.list({ filter: {}, page: { sort: 'seen' } })).sessions.length, 5)
    assert.equal(await membersOf(place, 'users'), 5)
  })

  test('a session that Redis removed counts towards no limit: neither licences, nor guests, nor sessions of its user', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const limits = { sessions: 300, guests: 150, sessionsPerUser: 2 }
    const create = (fields: Partial<SessionRecord> = {}) =>
      store.create({ session: session(clock, fields), credential: credential(clock), limits })
    const guests = await createSome(place, 150, {})
    const users = await createSome(place, 150, { userId: '4' })
    assert.deepEqual(await create({ userId: '5' }), { admitted: false })
    clock.advance({ hours: 3 })
    assert.deepEqual(await create({ userId: '5' }), { admitted: false }, 'expired sessions count until a sweep')
    await vanish(place, [...guests, ...users.slice(1)])
    assert.deepEqual(await create(), { admitted: true, ended: [] })
    assert.deepEqual(await create({ userId: '4' }), { admitted: true, ended: [] })
    assert.equal(await store.count({ filter: {} }), 3)
  })

  test('before the limit refuses a new session, the store looks for sessions that Redis removed, even when there are very many sessions', async (t) => {
    const place = await open(t)
    const { store, clock } = place
    const [over] = await createSome(place, 1, {})
    await createSome(place, 600, { end: clock.now() + 9 * HOUR })
    clock.advance({ hours: 3 })
    await vanish(place, [over ?? ''])
    const create = () =>
      store.create({ session: session(clock), credential: credential(clock), limits: { sessions: 601 } })
    assert.deepEqual(await create(), { admitted: true, ended: [] })
    assert.deepEqual(await create(), { admitted: false })
  })

  test('a sweep and a call that ends all sessions report the sessions that existed, and leave no data of sessions that Redis removed', async (t) => {
    const place = await open(t)
    const { client, prefix, store, clock } = place
    const made = await createSome(place, 30, { kind: 'rest' })
    await vanish(place, made.slice(0, 10))
    const ended = await store.endMany({ filter: { kind: 'rest' }, reason: 'revoked' })
    assert.deepEqual(ended.map(({ id }) => id).sort(), made.slice(10).sort())

    const late = await createSome(place, 30, { userId: '4' })
    clock.advance({ hours: 2 })
    await vanish(place, late.slice(0, 10))
    assert.deepEqual((await store.sweep({ limit: 10 })).length, 10)
    assert.deepEqual((await store.sweep({ limit: 100 })).length, 10)
    const left = (await keysOf(client, prefix)).filter((key) => !/:(?:s:.*|user:.*|serial|announced|layout)$/.test(key))
    assert.deepEqual(left, [])
  })
}

async function createSome({ store, clock }: Place, many: number, fields: Partial<SessionRecord>): Promise<string[]> {
  const records = Array.from({ length: many }, () => session(clock, fields))
  for (const record of records) await store.create({ session: record, credential: credential(clock) })
  return records.map(({ id }) => id)
}

async function vanish({ client, prefix }: Place, ids: readonly string[]): Promise<void> {
  const keys = ids.map((id) => `{${prefix}:${APP}}:s:${id}`)
  assert.equal(await client.del(...keys), keys.length)
}

function membersOf({ client, prefix }: Place, set: string): Promise<number> {
  return client.zcard(`{${prefix}:${APP}}:${set}`)
}
