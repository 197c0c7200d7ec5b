import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Redis } from 'ioredis'
import type { SessionStore } from '../../../../src/session/index.ts'
import { NEVER } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import {
  credential,
  HOUR,
  NO_LIMITS,
  NOWHERE,
  otp,
  session,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import type { LayerSession } from '../../support/layer.ts'
import { contentsOf, ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'
import { startRestLayer } from '../../support/rest-client.ts'

const APP = 'KEYS'
const MINUTE = 60_000

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext) => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    const { prefix } = ownPrefix()
    return { client, prefix, store: redisStore(client, { prefix }), clock: manualClock() }
  }
  /** How long Redis would keep a key from now on; undefined for ever. */
  const lifeOf = async (client: Redis, key: string) => {
    const left = await client.pttl(key)
    return left === -1 ? undefined : left
  }

  test('Redis keeps a session longer than it lives, never much longer, and for ever when it never ends', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const lifeLeft = (id: string) => lifeOf(client, `{${prefix}:${APP}}:s:${id}`)
    const assertKept = (life: number | undefined, atLeast: number) =>
      assert.ok(life !== undefined && life > atLeast && life <= atLeast + HOUR, `${life} for ${atLeast}`)

    const record = session(clock, { userId: '4' })
    const cookie = credential(clock)
    await store.create(APP, record, cookie, NO_LIMITS, clock.now())
    assertKept(await lifeLeft(record.id), HOUR + MINUTE)
    assertKept(await lifeOf(client, `{${prefix}:${APP}}:user:"4"`), HOUR + MINUTE)
    clock.advance({ minutes: 50 })
    await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
    assertKept(await lifeLeft(record.id), HOUR + MINUTE)
    const later = clock.now() + 8 * HOUR
    await store.update(APP, record.id, {}, 'w1', { end: later }, NO_LIMITS, clock.now())
    assertKept(await lifeLeft(record.id), 8 * HOUR)
    assertKept(await lifeOf(client, `{${prefix}:${APP}}:user:"4"`), 8 * HOUR)
    await store.update(APP, record.id, {}, 'w2', { end: clock.now() + HOUR }, NO_LIMITS, clock.now())
    assertKept(await lifeLeft(record.id), HOUR)
    await store.update(APP, record.id, {}, 'w3', { end: NEVER }, NO_LIMITS, clock.now())
    assert.equal(await lifeLeft(record.id), undefined)

    const late = session(clock, { end: clock.now() - 5 * HOUR })
    await store.create(APP, late, credential(clock), NO_LIMITS, clock.now())
    assertKept(await lifeLeft(late.id), 0)
    const old = session(clock)
    await store.create(APP, old, credential(clock), NO_LIMITS, clock.now())
    await store.replace(APP, old.id, {}, session(clock), credential(clock), NO_LIMITS, clock.now())
    assertKept(await lifeLeft(old.id), HOUR + MINUTE)
  })

  test('Redis remembers an end for 90 seconds, a message for a day and a link for its lifespan, and all of them a little longer', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const lifeLeft = (rest: string) => lifeOf(client, `{${prefix}:${APP}}:${rest}`)
    const assertKept = (life: number | undefined, atLeast: number, margin: number) =>
      assert.ok(life !== undefined && life > atLeast && life <= atLeast + margin, `${life} for ${atLeast}`)

    const [closed, removed] = [session(clock, { absoluteEnd: NEVER, idleMilliseconds: 0 }), session(clock)]
    const cookie = credential(clock)
    const link = otp(clock, { expiresAt: clock.now() + 9 * HOUR })
    await store.create(APP, closed, credential(clock), NO_LIMITS, clock.now())
    await store.create(APP, removed, cookie, NO_LIMITS, clock.now())
    await store.attach(APP, removed.id, link, undefined, NO_LIMITS, clock.now())
    assertKept(await lifeLeft(`otp:${link.hash}`), 9 * HOUR, HOUR)
    await store.end(APP, closed.id, 'closed', clock.now())
    assertKept(await lifeLeft(`s:${closed.id}`), 90_000, 10 * MINUTE)
    await store.remove(APP, removed.id, clock.now(), 'Please sign in again.')
    assertKept(await lifeLeft(`s:${removed.id}`), 24 * HOUR, 10 * MINUTE)
    assertKept(await lifeLeft(`message:${cookie.hash}`), 24 * HOUR, 10 * MINUTE)
  })

  test('of sessions that have ended nothing stays in Redis for ever, but two numbers', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    for (let n = 0; n < 12; n++) {
      const record = session(clock, { userId: n % 3 === 0 ? null : `${n % 3}`, kind: n % 2 === 0 ? 'web' : 'rest' })
      const cookie = credential(clock, { via: n % 4 === 0 ? 'token' : 'link' })
      await store.create(APP, record, cookie, NO_LIMITS, clock.now())
      await store.attach(APP, record.id, otp(clock), undefined, NO_LIMITS, clock.now())
      if (n === 5) await store.replace(APP, record.id, {}, session(clock), credential(clock), NO_LIMITS, clock.now())
      if (n === 6) await store.remove(APP, record.id, clock.now(), 'Good bye.')
      if (n === 7) await store.end(APP, record.id, 'closed', clock.now())
    }
    await store.endMany(APP, { userId: '1' }, 'revoked', clock.now())
    clock.advance({ hours: 2 })
    assert.equal((await store.sweep(APP, clock.now(), 100)).length, 8)
    assert.equal(await store.count(APP, {}, clock.now()), 0)
    const stay = []
    for (const key of await keysOf(client, prefix))
      if ((await client.pttl(key)) === -1) stay.push(key.split(':').at(-1))
    assert.deepEqual(stay.sort(), ['announced', 'serial'])
  })

  test('a device that signs in again and again leaves no growing heap of what it was', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const record = session(clock)
    let cookie = credential(clock)
    await store.create(APP, record, cookie, NO_LIMITS, clock.now())
    for (let n = 0; n < 200; n++) {
      clock.advance({ seconds: 10 })
      const next = credential(clock)
      assert.ok(await store.rotate(APP, record.id, cookie.hash, next, 'end', clock.now()))
      cookie = next
    }
    assert.ok((await client.hlen(`{${prefix}:${APP}}:s:${record.id}`)) <= 50)
  })

  test('two applications on one Redis, or one under two prefixes, never meet', async (t) => {
    const { client, prefix, store, clock } = await open(t)
    const elsewhere = redisStore(client, { prefix: `${prefix}2` })
    const places: [SessionStore, string][] = [
      [store, APP],
      [store, `${APP}2`],
      [elsewhere, APP],
    ]
    const record = session(clock, { userId: '4' })
    const cookies = places.map(() => credential(clock))
    for (const [n, [place, app]] of places.entries())
      await place.create(app, record, cookies[n] ?? credential(clock), { sessions: 1, sessionsPerUser: 1 }, clock.now())
    await store.endMany(APP, {}, 'revoked', clock.now())
    const found = await Promise.all(
      places.map(([place, app], n) => place.find(app, record.id, cookies[n]?.hash ?? '', clock.now())),
    )
    assert.deepEqual(
      found.map((one) => one?.state),
      ['ended', 'live', 'live'],
    )
    for (const key of await keysOf(client, prefix)) assert.match(key, new RegExp(`^\\{${prefix}2?:${APP}2?\\}:`))
  })

  test('text of any kind and length comes back as it was, and nothing is not the empty text', async (t) => {
    const { store, clock } = await open(t)
    const odd = 'ü€😀 \u0000 \r\n "quoted" \\ {} \u2028'
    const record = session(clock, {
      userName: odd,
      userId: '',
      grants: odd,
      storage: JSON.stringify({ long: odd.repeat(5000) }) + odd,
    })
    const cookie = credential(clock, { device: odd, address: '', details: odd, purpose: null })
    await store.create(APP, record, cookie, NO_LIMITS, clock.now())
    const found = await store.find(APP, record.id, cookie.hash, clock.now())
    assert.deepEqual(found, { state: 'live', session: record, credential: cookie })
    assert.equal(await store.count(APP, { userId: '' }, clock.now()), 1)
    assert.equal((await store.remove(APP, record.id, clock.now(), odd))?.userName, odd)
    assert.equal(await store.takeMessage(APP, cookie.hash, clock.now()), odd)
  })

  test('whoever reads all that Redis holds finds no cookie, no token and no link that would let him in', async (t) => {
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
