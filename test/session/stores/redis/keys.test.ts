import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Redis } from 'ioredis'
import { type Credential, NEVER, type SessionRecord } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import {
  APP,
  credential,
  HOUR,
  NOWHERE,
  otp,
  session,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import type { LayerSession } from '../../support/layer.ts'
import { contentsOf, ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'
import { startRestLayer } from '../../support/rest-client.ts'

const MINUTE = 60_000

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext) => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    const { prefix } = ownPrefix()
    return { client, prefix, ...trialOf(redisStore(client, { prefix })) }
  }
  /** The remaining time to live in milliseconds. `undefined`: no expiry. */
  const lifeOf = async (client: Redis, key: string) => {
    const left = await client.pttl(key)
    return left === -1 ? undefined : left
  }

  test('[SECURE-10] the key of an ended session stays in Redis as long as the message of a device that was signed out before', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const record = session(clock)
    const [cookie, second] = [credential(clock), credential(clock)]
    await store.create({ session: record, credential: cookie })
    await store.attach({ id: record.id, credential: second, limits: {} })
    await store.detach({ id: record.id, handle: second.handle, reason: 'revoked', message: 'Signed out' })
    await store.end({ id: record.id, reason: 'closed' })
    assert.ok(((await lifeOf(client, `{${prefix}:${APP}}:s:${record.id}`)) ?? 0) > 23 * HOUR)
  })

  test('a session’s key in Redis expires at most about an hour after the session, and has no expiry if the session never expires', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const lifeLeft = (id: string) => lifeOf(client, `{${prefix}:${APP}}:s:${id}`)
    const assertKept = (life: number | undefined, atLeast: number) =>
      assert.ok(life !== undefined && life > atLeast && life <= atLeast + HOUR, `${life} for ${atLeast}`)

    const record = session(clock, { userId: '4' })
    const cookie = credential(clock)
    await store.create({ session: record, credential: cookie })
    assertKept(await lifeLeft(record.id), HOUR + MINUTE)
    assertKept(await lifeOf(client, `{${prefix}:${APP}}:user:"4"`), HOUR + MINUTE)
    clock.advance({ minutes: 50 })
    await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
    assertKept(await lifeLeft(record.id), HOUR + MINUTE)
    const later = clock.now() + 8 * HOUR
    await store.update({ id: record.id, expected: {}, writeId: 'w1', changes: { end: later } })
    assertKept(await lifeLeft(record.id), 8 * HOUR)
    assertKept(await lifeOf(client, `{${prefix}:${APP}}:user:"4"`), 8 * HOUR)
    await store.update({ id: record.id, expected: {}, writeId: 'w2', changes: { end: clock.now() + HOUR } })
    assertKept(await lifeLeft(record.id), HOUR)
    await store.update({ id: record.id, expected: {}, writeId: 'w3', changes: { end: NEVER } })
    assert.equal(await lifeLeft(record.id), undefined)

    const late = session(clock, { end: clock.now() - 5 * HOUR })
    await store.create({ session: late, credential: credential(clock) })
    assertKept(await lifeLeft(late.id), 0)
    const old = session(clock)
    await store.create({ session: old, credential: credential(clock) })
    await store.replace({ id: old.id, expected: {}, session: session(clock), credential: credential(clock) })
    assertKept(await lifeLeft(old.id), HOUR + MINUTE)
  })

  test('[REMEMBER-4] a cookie that is rotated often leaves one entry in the index of expiring credentials', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const made = () => credential(clock, { expiresAt: clock.now() + 24 * HOUR })
    const record = session(clock, { absoluteEnd: clock.now() + 24 * HOUR, idleMilliseconds: 0 })
    let cookie = made()
    await store.create({ session: record, credential: cookie })
    for (let n = 0; n < 5; n++) {
      const next = made()
      await store.rotate({ id: record.id, by: cookie.hash, credential: next, others: 'keep' })
      cookie = next
    }
    assert.deepEqual(await client.zrange(`{${prefix}:${APP}}:otps`, '0', '-1'), [`${record.id}:${cookie.hash}`])
    await store.end({ id: record.id, reason: 'closed' })
    assert.equal(await client.exists(`{${prefix}:${APP}}:otps`), 0)
  })

  test('Redis keeps a tombstone a little longer than 90 seconds, a message a little longer than a day, and a link a little longer than its lifespan', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const lifeLeft = (rest: string) => lifeOf(client, `{${prefix}:${APP}}:${rest}`)
    const assertKept = (life: number | undefined, atLeast: number, margin: number) =>
      assert.ok(life !== undefined && life > atLeast && life <= atLeast + margin, `${life} for ${atLeast}`)

    const [closed, removed] = [session(clock, { absoluteEnd: NEVER, idleMilliseconds: 0 }), session(clock)]
    const cookie = credential(clock)
    const link = otp(clock, { expiresAt: clock.now() + 9 * HOUR })
    await store.create({ session: closed, credential: credential(clock) })
    await store.create({ session: removed, credential: cookie })
    await store.attach({ id: removed.id, credential: link })
    assertKept(await lifeLeft(`otp:${link.hash}`), 9 * HOUR, HOUR)
    await store.end({ id: closed.id, reason: 'closed' })
    assertKept(await lifeLeft(`s:${closed.id}`), 90_000, 10 * MINUTE)
    await store.remove({ id: removed.id, message: 'Please sign in again.' })
    assertKept(await lifeLeft(`s:${removed.id}`), 24 * HOUR, 10 * MINUTE)
    assertKept(await lifeLeft(`message:${cookie.hash}`), 24 * HOUR, 10 * MINUTE)
  })

  test('[PROC-7] after all sessions have ended, only the layout version stays in Redis for ever, and two numbers stay for 30 days after the last sweep', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    for (let n = 0; n < 12; n++) {
      const record = session(clock, { userId: n % 3 === 0 ? null : `${n % 3}`, kind: n % 2 === 0 ? 'web' : 'rest' })
      const cookie = credential(clock, { via: n % 4 === 0 ? 'token' : 'link' })
      await store.create({ session: record, credential: cookie })
      await store.attach({ id: record.id, credential: otp(clock) })
      if (n === 5)
        await store.replace({ id: record.id, expected: {}, session: session(clock), credential: credential(clock) })
      if (n === 6) await store.remove({ id: record.id, message: 'Good bye.' })
      if (n === 7) await store.end({ id: record.id, reason: 'closed' })
    }
    await store.endMany({ filter: { userId: '1' }, reason: 'revoked' })
    assert.equal(await client.exists(`{${prefix}:${APP}}:user:"1"`), 0)
    clock.advance({ hours: 2 })
    assert.equal((await store.sweep({ limit: 100 })).length, 8)
    assert.equal(await store.count({ filter: {} }), 0)
    const stay = []
    for (const key of await keysOf(client, prefix)) {
      const life = await lifeOf(client, key)
      if (key.endsWith(':layout')) assert.equal(life, undefined)
      else assert.ok(life !== undefined && life <= 30 * 24 * HOUR, `${key} stays for ${life}`)
      if (life === undefined || life > 25 * HOUR) stay.push(key.split(':').at(-1))
    }
    assert.deepEqual(stay.sort(), ['announced', 'layout', 'serial'])
  })

  test('[PROC-7] the indexes in Redis expire weeks after the last session, and have no expiry while a session never expires', async (t) => {
    const { client, prefix, store, clock, ...trial } = await open(t)
    const lives = async () => {
      const indexes = (await keysOf(client, prefix)).filter((key) => !/:(s|user|otp):|:layout$/.test(key))
      return Promise.all(indexes.map(async (key) => (await lifeOf(client, key)) ?? Number.POSITIVE_INFINITY))
    }
    const shortest = async () => Math.min(...(await lives()))
    const WEEK = 7 * 24 * HOUR

    const { record } = await trial.stored({ userId: '4' })
    assert.ok((await shortest()) > 2 * WEEK)
    assert.ok(Math.max(...(await lives())) < 5 * WEEK, 'also before the first sweep')
    await trial.stored({ absoluteEnd: clock.now() + 52 * WEEK, idleMilliseconds: 0 })
    assert.ok((await shortest()) > 54 * WEEK, 'a write extends the life at once')
    const { record: everlasting } = await trial.stored({ absoluteEnd: NEVER, idleMilliseconds: 0 })
    assert.equal(await shortest(), Number.POSITIVE_INFINITY)
    await store.sweep({ limit: 10 })
    assert.equal(await shortest(), Number.POSITIVE_INFINITY)
    await store.end({ id: everlasting.id, reason: 'closed' })
    await store.sweep({ limit: 10 })
    assert.ok(Math.max(...(await lives())) < 57 * WEEK)

    // Keys of version 0.5.0 do not expire, and its processes do not extend the expiry of a key.
    for (const key of await keysOf(client, prefix)) if (!key.includes(':s:')) await client.pexpire(key, 2 * WEEK)
    await store.touch({ id: record.id, hash: 'none', from: NOWHERE })
    await store.update({ id: record.id, expected: {}, writeId: 'w', changes: { end: clock.now() + HOUR } })
    assert.ok((await shortest()) > 54 * WEEK, 'any write repairs it')
  })

  test('repeated session ID rotation keeps the session’s record in Redis at a limited size', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const record = session(clock)
    let cookie = credential(clock)
    await store.create({ session: record, credential: cookie })
    for (let n = 0; n < 200; n++) {
      clock.advance({ seconds: 10 })
      const next = credential(clock)
      assert.ok(await store.rotate({ id: record.id, by: cookie.hash, credential: next, others: 'end' }))
      cookie = next
    }
    assert.ok((await client.hlen(`{${prefix}:${APP}}:s:${record.id}`)) <= 50)
  })

  test('a new session has the same keys in Redis, whether or not the store had to repair the indexes at a limit', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const later = clock.now() + 2 * HOUR
    const sessions: [Partial<SessionRecord>, Partial<Credential>][] = [
      [{ userName: 'Ünal', end: later }, {}],
      [{ kind: 'rest' }, {}],
      [{ userId: '4' }, {}],
      [{ grants: 'admin' }, {}],
      [{ startTime: null, lastAccessTime: null }, {}],
      [{ end: NEVER, absoluteEnd: NEVER }, {}],
      [{}, { kind: 'bearer', via: 'token' }],
      [{}, { via: 'link' }],
      [{}, { expiresAt: later }],
      [{}, { details: 'ORIGIN' }],
      [{}, { kind: 'otp', expiresAt: later }],
    ]
    for (const [n, [fields, parts]] of sessions.entries()) {
      const [below, repaired] = [`${APP}${n}below`, `${APP}${n}repaired`]
      const added = { session: session(clock, fields), credential: credential(clock, parts), limits: { sessions: 1 } }
      await client.zadd(`{${prefix}:${repaired}}:end`, clock.now() + HOUR, 'a session without a record')
      for (const app of [below, repaired])
        assert.deepEqual(await store.create({ app, ...added }), { admitted: true, ended: [] })

      const all = await keysOf(client, prefix)
      const keys = all.filter((key) => key.includes(below)).sort()
      const otherKey = (key: string) => key.replace(below, repaired)
      assert.deepEqual(keys.map(otherKey), all.filter((key) => key.includes(repaired)).sort())
      for (const key of keys) {
        assert.deepEqual(await client.dumpBuffer(key), await client.dumpBuffer(otherKey(key)), key)
        const [life = NEVER, otherLife = NEVER] = [await lifeOf(client, key), await lifeOf(client, otherKey(key))]
        assert.ok(Math.abs(life - otherLife) < MINUTE, `${key} stays for ${life} or ${otherLife}`)
      }
    }
  })

  test('two applications on one Redis, or one application with two prefixes, share no data', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const { store: elsewhere } = trialOf(redisStore(client, { prefix: `${prefix}2` }), clock)
    const places: [TrialStore, string][] = [
      [store, APP],
      [store, `${APP}2`],
      [elsewhere, APP],
    ]
    const record = session(clock, { userId: '4' })
    const cookies = places.map(() => credential(clock))
    for (const [n, [place, app]] of places.entries())
      await place.create({
        app,
        session: record,
        credential: cookies[n] ?? credential(clock),
        limits: { sessions: 1, sessionsPerUser: 1 },
      })
    await store.endMany({ filter: {}, reason: 'revoked' })
    assert.equal(await client.exists(`{${prefix}:${APP}}:user:"4"`), 0)
    const found = await Promise.all(
      places.map(([place, app], n) => place.find({ app, id: record.id, hash: cookies[n]?.hash ?? '' })),
    )
    assert.deepEqual(
      found.map((one) => one?.state),
      ['ended', 'live', 'live'],
    )
    for (const key of await keysOf(client, prefix)) assert.match(key, new RegExp(`^\\{${prefix}2?:${APP}2?\\}:`))
  })

  test('text of any kind and length is returned unchanged, and a missing text is not returned as an empty text', async (t) => {
    const { store, clock } = await open(t)
    const odd = 'ü€😀 \u0000 \r\n "quoted" \\ {} \u2028'
    const record = session(clock, {
      userName: odd,
      userId: '',
      grants: odd,
      storage: JSON.stringify({ long: odd.repeat(5000) }) + odd,
    })
    const cookie = credential(clock, { device: odd, address: '', details: odd, purpose: null })
    await store.create({ session: record, credential: cookie })
    const found = await store.find({ id: record.id, hash: cookie.hash })
    assert.deepEqual(found, { state: 'live', session: record, credential: cookie })
    assert.equal(await store.count({ filter: { userId: '' } }), 1)
    assert.equal((await store.remove({ id: record.id, message: odd }))?.userName, odd)
    assert.equal(await store.takeMessage({ id: record.id, hash: cookie.hash }), odd)
  })

  test('the data in Redis contains no cookie, token or link with which a reader of the data could open a session', async (t) => {
    const { client, prefix, store } = await open(t)
    const pages = { '/link': (session: unknown) => (session as LayerSession).createOTP() }
    const { visitor, signIn } = await startRestLayer(t, pages, { store })
    const ana = visitor()
    await ana.get('/write?value=guest')
    const secrets = [...ana.cookies.values()]
    await ana.get('/login')
    secrets.push(...ana.cookies.values(), await ana.read<string>('/link'), await signIn())
    await ana.get('/logout')

    const all = await contentsOf(client, prefix)
    assert.ok(all.includes('Ana Lima'))
    assert.equal(new Set(secrets).size, 4)
    for (const secret of secrets) assert.ok(!all.includes(secret.split('.').at(-1) ?? ''), 'a secret is in Redis')
  })
}
