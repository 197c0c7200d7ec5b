import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { APP, atOnce, stored, type Trial, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { startRedisPair } from '../../../support/servers/redis-pair.ts'
import { findRedis } from '../../../support/servers/redis-server.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { until } from '../../../support/until.ts'
import { ioredisTo, nodeRedisTo, ownPrefix } from '../../support/redis-connections.ts'

const LIBRARIES = { ioredis: ioredisTo, 'node-redis': nodeRedisTo }

if (redisUrl !== undefined && findRedis() !== undefined) {
  // The first test starts the servers. A start while the file loads would delay tests of other files in this process.
  const closers: (() => unknown)[] = []
  after(() => Promise.all(closers.map((close) => close())))
  let started: ReturnType<typeof startRedisPair> | undefined

  async function open(t: TestContext, library: keyof typeof LIBRARIES) {
    started ??= startRedisPair({ after: (close) => void closers.push(close as () => unknown) })
    const pair = await started
    await pair.restore()
    const proxy = await startCuttingProxy(t, pair.urls[0])
    const [client, subscriber] = [await LIBRARIES[library](proxy.url), await LIBRARIES[library](proxy.url)]
    t.after(() => {
      for (const connection of [client, subscriber]) void connection.disconnect()
    })
    return { ...pair, proxy, client, ...trialOf(redisStore(client, { ...ownPrefix(), subscriber })) }
  }

  for (const library of Object.keys(LIBRARIES) as (keyof typeof LIBRARIES)[]) {
    test(`[WRITE-1] when Redis becomes a replica and its host name leads to the new primary, writes work again, through ${library}`, async (t) => {
      const { proxy, failOver, urls, admins, ...trial } = await open(t, library)
      const { record, cookie } = await stored(trial)
      assert.deepEqual(await probe(trial), 'writable')
      const heard: unknown[] = []
      t.after(trial.store.announcements?.listen({ app: APP, listener: (id) => heard.push(id) }))
      await until('it listens', async () => heard.length > 0)
      await failOver()
      assert.equal(await probe(trial), 'read-only')
      await assert.rejects(stored(trial), /READONLY/, 'the name still leads to the replica')
      proxy.leadTo(urls[1])
      await until('the store is writable', async () => (await probe(trial)) === 'writable')
      await stored(trial)
      await until('the subscriber has left the replica, too', async () => {
        const subscribers = await Promise.all(admins.map((admin) => admin.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')))
        return subscribers[0] === '' && subscribers[1] !== ''
      })
      heard.length = 0
      await trial.store.end({ id: record.id, reason: 'closed', by: cookie.hash })
      await until('the end is heard', async () => heard.some((id) => id === record.id || id === undefined))
    })

    test(`[WRITE-1] when Redis becomes a replica and its host name leads to the new primary at once, no call fails, through ${library}`, async (t) => {
      const { proxy, failOver, urls, ...trial } = await open(t, library)
      const { record, cookie } = await stored(trial)
      await failOver()
      proxy.leadTo(urls[1])
      await atOnce(() => stored(trial))
      await atOnce(() => trial.store.find({ id: record.id, hash: cookie.hash }))
    })

    test(`[WRITE-2] a full Redis and a Redis without its replicas refuse writes, and the store does not reconnect, through ${library}`, async (t) => {
      const { client, admins, ...trial } = await open(t, library)
      let connections = 0
      client.on('ready', () => connections++)
      await stored(trial)
      for (const [setting, value, usual, complaint] of [
        ['maxmemory', '1', '0', /OOM/],
        ['min-replicas-to-write', '2', '0', /NOREPLICAS/],
      ] as const) {
        await admins[0].config('SET', setting, value)
        assert.equal(await probe(trial), 'refusing')
        await assert.rejects(stored(trial), complaint)
        await admins[0].config('SET', setting, usual)
        assert.equal(await probe(trial), 'writable')
        await stored(trial)
      }
      assert.equal(connections, 0)
    })
  }

  test('a Redis that stays read-only gets at most one new connection a second', async (t) => {
    const { client, failOver, ...trial } = await open(t, 'ioredis')
    let connections = 0
    client.on('ready', () => connections++)
    await failOver()
    const end = performance.now() + 900
    while (performance.now() < end) {
      await stored(trial).catch(() => {})
      await pause(5)
    }
    assert.equal(connections, 1)
  })
}

async function probe({ store }: Trial): Promise<string | undefined> {
  return (await store.probe?.({}))?.state
}
