import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { isNothingWritten } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import {
  credential,
  NOWHERE,
  otp,
  session,
  stored,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { keepsPromise, storePromises } from '../../../../src/session/testing/store-contract.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { findRedis, startRedis } from '../../../support/servers/redis-server.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, nodeRedisTo, ownPrefix } from '../../support/redis-connections.ts'

if (redisUrl !== undefined && findRedis() !== undefined) {
  const server = await startRedis({ appendfsync: 'always' })
  const admin = await ioredisTo(server.url)
  after(async () => {
    admin.disconnect()
    await server.close()
  })

  test('the store loads its scripts again after Redis has lost them, and no call is lost or repeated', async (t) => {
    const client = await ioredisTo(server.url)
    t.after(() => client.disconnect())
    const trial = trialOf(redisStore(client, ownPrefix()))
    const { store, clock } = trial
    await admin.script('FLUSH')
    const { record, cookie } = await stored(trial)
    const link = otp(clock)
    await admin.script('FLUSH')
    assert.ok(await store.attach({ id: record.id, credential: link }))
    await admin.script('FLUSH')
    const redeemed = await store.redeem({ hash: link.hash, credential: credential(clock) })
    assert.equal(redeemed?.id, record.id)
    await admin.script('FLUSH')
    const change = { storage: '{"n":1}' }
    assert.ok((await store.update({ id: record.id, expected: { version: 1 }, writeId: 'w', changes: change })).updated)
    await admin.script('FLUSH')
    assert.equal((await store.list({ filter: {}, page: {} })).sessions[0]?.version, 2)
    await admin.script('FLUSH')
    assert.equal((await store.end({ id: record.id, reason: 'closed', by: cookie.hash }))?.id, record.id)
  })

  for (const [library, connect] of Object.entries({ ioredis: ioredisTo, 'node-redis': nodeRedisTo })) {
    test(`a call to a hanging Redis fails within the deadline, and a retry finds a change that took effect anyway, through ${library}`, async (t) => {
      const client = await connect(server.url)
      t.after(() => void client.disconnect())
      const own = ownPrefix()
      const trial = trialOf(redisStore(client, { ...own, deadlineMilliseconds: 150 }))
      const { store } = trial
      const { record, cookie } = await stored(trial)
      const write = () =>
        store.update({ id: record.id, expected: { version: 1 }, writeId: 'mine', changes: { storage: '{"n":1}' } })

      await admin.call('CLIENT', 'PAUSE', '1500', 'ALL')
      const began = performance.now()
      const hung = /Redis did not answer within 150 ms/
      await Promise.all([
        assert.rejects(write(), (error: Error) => hung.test(error.message) && !isNothingWritten(error)),
        assert.rejects(store.find({ id: record.id, hash: cookie.hash }), hung),
      ])
      assert.ok(performance.now() - began < 1400, 'the caller waited for the pause to be over')
      await admin.ping() // waits until the pause of Redis is over

      assert.deepEqual(await write(), { updated: true, ended: [] })
      assert.equal((await store.get({ id: record.id }))?.version, 2)
    })

    test(`when the connection breaks before the reply to opening a link, the link is consumed once and cannot be opened again, through ${library}`, async (t) => {
      const proxy = await startCuttingProxy(t, server.url)
      const client = await connect(proxy.url)
      t.after(() => void client.disconnect())
      const own = ownPrefix()
      const trial = trialOf(redisStore(client, own))
      const { store, clock } = trial
      const { record } = await stored(trial)
      const link = otp(clock)
      await store.attach({ id: record.id, credential: link })
      await store.redeem({ hash: 'unknown' }) // loads the script into Redis

      await admin.config('RESETSTAT')
      const back = event(client, 'ready')
      const cut = proxy.cutAtNextAnswer()
      const opening = store.redeem({ hash: link.hash, credential: credential(clock, { via: 'link' }) })
      await assert.rejects(opening, (error) => !isNothingWritten(error))
      await Promise.all([cut, back])
      assert.equal((await store.credentials({ ids: [record.id] })).get(record.id)?.length, 2)
      assert.match(
        await admin.info('commandstats'),
        /cmdstat_evalsha:calls=2,/,
        'one call opens the link, and one call reads the result',
      )
    })
  }

  test('while Redis is down, calls fail at once and say that nothing was written; when Redis is back, all data is unchanged', async (t) => {
    const own = await startRedis({ appendfsync: 'always' })
    t.after(() => own.close())
    const retryStrategy = () => 20
    const client = new Redis(own.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy })
    client.on('error', () => {})
    t.after(() => client.disconnect())
    await event(client, 'ready')
    const trial = trialOf(redisStore(client))
    const { store } = trial
    const { record, cookie } = await stored(trial, { userId: '4' })

    const closed = event(client, 'close')
    await own.kill()
    await closed
    const began = performance.now()
    for (const asked of [
      store.find({ id: record.id, hash: cookie.hash }),
      store.end({ id: record.id, reason: 'closed' }),
    ])
      await assert.rejects(asked, (error) => isNothingWritten(error))
    assert.ok(performance.now() - began < 1900, 'the caller waited for the deadline')

    const back = event(client, 'ready')
    await own.start()
    await back
    assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
      state: 'live',
      session: record,
      credential: cookie,
    })
    assert.equal(await store.count({ filter: { userId: '4' } }), 1)
  })

  test('when Redis is full, no session begins or changes, the error says that Redis is full, and logging out still works', async (t) => {
    const own = await startRedis()
    t.after(() => own.close())
    const client = await ioredisTo(own.url)
    t.after(() => client.disconnect())
    const trial = trialOf(redisStore(client))
    const { store, clock } = trial
    const people = [await stored(trial), await stored(trial), await stored(trial)] as const
    const [ana, bob, eve] = people.map(({ record }) => record.id) as [string, string, string]
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await client.config('SET', 'maxmemory', '1')

    const full = (error: Error) => /^OOM/.test(error.message) && isNothingWritten(error)
    await assert.rejects(store.create({ session: session(clock), credential: credential(clock) }), full)
    await assert.rejects(store.update({ id: ana, expected: {}, writeId: 'w', changes: { storage: '{"n":1}' } }), full)
    await assert.rejects(store.attach({ id: ana, credential: credential(clock) }), full)
    await assert.rejects(store.touch({ id: ana, hash: people[0].cookie.hash, from: NOWHERE }), full)
    assert.equal((await store.get({ id: ana }))?.version, 1)
    assert.equal((await store.end({ id: ana, reason: 'closed' }))?.id, ana)
    assert.equal(await store.detach({ id: bob, handle: people[1].cookie.handle, reason: 'revoked' }), true)
    assert.equal((await store.remove({ id: bob, message: 'Good bye.' }))?.id, bob)
    assert.equal(await store.takeMessage({ id: people[1].record.id, hash: people[1].cookie.hash }), 'Good bye.')
    assert.deepEqual(
      (await store.endMany({ filter: {}, reason: 'revoked' })).map(({ id }) => id),
      [eve],
    )
    assert.equal((await store.find({ id: ana, hash: people[0].cookie.hash }))?.state, 'ended')
    assert.equal(await store.count({ filter: {} }), 0)
  })

  test('the contract notices a store that finds a link in one command and consumes it in another, on two connections to one Redis', async (t) => {
    const [one, two] = [await ioredisTo(server.url), await ioredisTo(server.url)]
    t.after(() => {
      one.disconnect()
      two.disconnect()
    })
    const promise = storePromises.find(({ claim }) => claim === 'of many who open one link at once exactly one gets in')
    assert.ok(promise)
    const open = async () => {
      const own = ownPrefix()
      const [store, other] = [redisStore(one, own), redisStore(two, own)]
      const redeem: typeof store.redeem = async ({ app, hash, credential: added, limits, now }) => {
        const found = await store.findOTP({ app, hash, now })
        if (!found) return undefined
        await other.detach({ app, id: found.session.id, handle: found.credential.handle, reason: 'closed', now })
        if (added) await other.attach({ app, id: found.session.id, credential: added, limits, now })
        return found.session
      }
      return { store: { ...store, redeem }, close: async () => {} }
    }
    await assert.rejects(keepsPromise(promise, open), assert.AssertionError)
  })
}

/** Unlike `once` of node:events, this function does not reject on an error. */
function event(client: { once(name: string, listener: () => void): unknown }, name: string): Promise<void> {
  return new Promise((resolve) => client.once(name, resolve))
}
