import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import {
  credential,
  otp,
  session,
  stored,
  type Trial,
  type TrialStore,
  trialOf,
} from '../../../../src/session/testing/contract/fixtures.ts'
import { Program } from '../../../support/process.ts'
import { findRedis, startRedis } from '../../../support/servers/redis-server.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { Ears } from '../../support/ears.ts'
import { clusterAt, ioredisTo, nodeRedisTo, ownPrefix } from '../../support/redis-connections.ts'

const APP = 'CONTRACT'
// The layer promises a notification within one second. A busy machine may need longer.
const SOON_MILLISECONDS = 3000

if (redisUrl !== undefined && findRedis() !== undefined) {
  const server = await startRedis()
  const cluster = await startRedis({ cluster: true })
  after(async () => {
    await server.close()
    await cluster.close()
  })

  const LIBRARIES = {
    ioredis: { url: server.url, connect: ioredisTo },
    'node-redis': { url: server.url, connect: nodeRedisTo },
    'ioredis Cluster': { url: cluster.url, connect: clusterAt },
  }

  for (const [library, { url, connect }] of Object.entries(LIBRARIES)) {
    const open = async (t: TestContext) => {
      const [client, elsewhere] = [await connect(url), await connect(url)]
      const [subscriber, admin] = [await connect(url), await ioredisTo(url)]
      t.after(() => {
        for (const connection of [client, elsewhere, subscriber, admin]) void connection.disconnect()
      })
      const own = ownPrefix()
      const listening = redisStore(client, { ...own, subscriber })
      const trial: Trial = trialOf(redisStore(elsewhere, own))
      const ears = new Ears(listening, APP)
      t.after(() => ears.stop())
      await ears.hears((id) => id === undefined)
      return { trial, ears, subscriber, admin, channel: `{${own.prefix}:${APP}}:ends` }
    }

    test(`every end of a session or device in one process is notified in another process, through ${library}`, async (t) => {
      const { trial, ears } = await open(t)
      for (const [what, end] of Object.entries(ENDS)) {
        const heard = ears.heard.length
        const id = await end(trial)
        const ended = performance.now()
        await ears.hears((told) => told === id, heard)
        assert.ok(performance.now() - ended < SOON_MILLISECONDS, `${what} was heard too late`)
      }
    })

    test(`a listener whose connection was cut is notified that any session may have ended, and then of later ends, through ${library}`, async (t) => {
      const { trial, ears, admin } = await open(t)
      for (let round = 0; round < 3; round++) {
        const heard = ears.heard.length
        const { record } = await stored(trial)
        assert.ok(Number(await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')) > 0)
        await trial.store.end({ id: record.id, reason: 'closed', now: trial.clock.now() })
        const ended = performance.now()
        const told = await ears.hears((id) => id === undefined || id === record.id, heard)
        assert.ok(performance.now() - ended < SOON_MILLISECONDS, 'it was told too late')
        const next = await stored(trial)
        await trial.store.end({ id: next.record.id, reason: 'closed', now: trial.clock.now() })
        await ears.hears((id) => id === undefined || id === next.record.id, told)
      }
      const late = await stored(trial)
      await trial.store.end({ id: late.record.id, reason: 'closed', now: trial.clock.now() })
      await ears.hears((id) => id === late.record.id)
    })

    // The class Cluster of ioredis does not report a reconnection.
    if (connect !== clusterAt) {
      test(`a listener is notified after its connection was cut, even if no session has ended, through ${library}`, async (t) => {
        const { ears, admin } = await open(t)
        const heard = ears.heard.length
        await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await ears.hears((id) => id === undefined, heard)
      })
    }

    test(`a listener that was stopped gets no more notifications, and leaves nothing behind, through ${library}`, async (t) => {
      const { trial, ears, subscriber, admin, channel } = await open(t)
      ears.stop()
      assert.equal(subscriber.listenerCount('message'), 0)
      assert.equal(subscriber.listenerCount('ready'), 0)
      const heard = ears.heard.length
      const { record } = await stored(trial)
      await trial.store.end({ id: record.id, reason: 'closed', now: trial.clock.now() })
      while (((await admin.pubsub('NUMSUB', channel)) as unknown[])[1] !== 0) await admin.ping()
      assert.equal(ears.heard.length, heard)
    })
  }

  const openOn = async (t: TestContext) => {
    const [client, subscriber] = [await ioredisTo(server.url), await ioredisTo(server.url)]
    t.after(() => {
      client.disconnect()
      subscriber.disconnect()
    })
    const own = ownPrefix()
    const store = redisStore(client, { ...own, subscriber })
    const ears = new Ears(store, APP)
    t.after(() => ears.stop())
    await ears.hears((id) => id === undefined)
    return { client, subscriber, own, ears, trial: trialOf(store) }
  }

  test('a listener that has silently lost its subscription is notified of an end within a second, and continues to listen', async (t) => {
    const { subscriber, own, ears, trial } = await openOn(t)
    await subscriber.unsubscribe(`{${own.prefix}:${APP}}:ends`)
    const { record } = await stored(trial)
    const heard = ears.heard.length
    await trial.store.end({ id: record.id, reason: 'closed', now: trial.clock.now() })
    const ended = performance.now()
    const told = await ears.hears((id) => id === undefined, heard)
    assert.ok(performance.now() - ended < SOON_MILLISECONDS)
    await endUntilHeard(trial, ears, told)
  })

  for (const [library, connect] of Object.entries({ ioredis: ioredisTo, 'node-redis': nodeRedisTo })) {
    test(`a listener stays subscribed when another one on the same connection is stopped, through ${library}`, async (t) => {
      const [client, subscriber] = [await ioredisTo(server.url), await connect(server.url)]
      t.after(() => {
        for (const connection of [client, subscriber]) void connection.disconnect()
      })
      const own = ownPrefix()
      const store = redisStore(client, { ...own, subscriber })
      const subscribers = async () => ((await client.pubsub('NUMSUB', `{${own.prefix}:${APP}}:ends`)) as unknown[])[1]
      const [ears, early] = [new Ears(store, APP), new Ears(store, APP)]
      early.stop()
      await ears.hears((id) => id === undefined)
      const late = new Ears(store, APP)
      await late.hears((id) => id === undefined)
      late.stop()
      await pause(50)
      assert.equal(await subscribers(), 1)
      ears.stop()
      while ((await subscribers()) !== 0) await client.ping()
    })
  }

  test('a listener continues after Redis has lost all its data', async (t) => {
    const { client, own, ears, trial } = await openOn(t)
    for (let n = 0; n < 3; n++) await ENDS.end(trial)
    const heard = ears.heard.length
    await client.del(`{${own.prefix}:${APP}}:announced`)
    const told = await ears.hears((id) => id === undefined, heard)
    await endUntilHeard(trial, ears, told)
  })

  test('the end of very many sessions causes one notification', async (t) => {
    const { ears, trial } = await openOn(t)
    for (let n = 0; n < 150; n++) await stored(trial)
    const heard = ears.heard.length
    await trial.store.endMany({ filter: {}, reason: 'revoked', now: trial.clock.now() })
    await ears.hears((id) => id === undefined, heard)
    await endUntilHeard(trial, ears, heard)
    assert.ok(ears.heard.length < heard + 20)
  })

  test('a listener is not notified of ends in another application', async (t) => {
    const { client, own, ears, trial } = await openOn(t)
    const elsewhere = trialOf(redisStore(client, { prefix: `${own.prefix}2` }))
    const { record } = await stored(elsewhere)
    await elsewhere.store.end({ id: record.id, reason: 'closed' })
    const other = session(trial.clock)
    await trial.store.create({
      app: 'OTHER',
      session: other,
      credential: credential(trial.clock),
      now: trial.clock.now(),
    })
    await trial.store.end({ app: 'OTHER', id: other.id, reason: 'closed', now: trial.clock.now() })
    const mine = await ENDS.end(trial)
    await ears.hears((id) => id === mine)
    assert.ok(!ears.heard.includes(record.id) && !ears.heard.includes(other.id))
  })

  test('a listener that is never stopped does not keep its process alive', async (t) => {
    const program = new Program(t, { entry: 'test/session/fixtures/forgetful-listener.ts', args: [server.url] })
    const { code, stdout, stderr } = await program.ended
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'it listens\n', stderr: '' })
  })
}

/** Ends sessions until the listener is notified of one of them by its id. */
async function endUntilHeard(trial: Trial, ears: Ears, past: number): Promise<void> {
  for (;;) {
    const id = await ENDS.end(trial)
    const told = await ears.hears((heard) => heard === undefined || heard === id, past)
    if (ears.heard[told - 1] === id) return
    past = told
  }
}

type Ending = (trial: Trial) => Promise<string>

const by =
  (
    end: (store: TrialStore, id: string, now: number, handle: string, hash: string, trial: Trial) => Promise<unknown>,
  ): Ending =>
  async (trial) => {
    const { record, cookie } = await stored(trial)
    await end(trial.store, record.id, trial.clock.now(), cookie.handle, cookie.hash, trial)
    return record.id
  }

/** Each function ends a session or one of its devices, and returns the session's id. */
const ENDS = {
  end: by((store, id, now) => store.end({ id, reason: 'closed', now })),
  remove: by((store, id, now) => store.remove({ id, message: 'Good bye.', now })),
  detach: by((store, id, now, handle) => store.detach({ id, handle, reason: 'revoked', now })),
  rotate: by((store, id, now, _, hash, { clock }) =>
    store.rotate({ id, by: hash, credential: credential(clock), others: 'keep', now }),
  ),
  endMany: by((store, _, now) => store.endMany({ filter: { kind: 'web' }, reason: 'revoked', now })),
  replace: by((store, id, now, _h, _, { clock }) =>
    store.replace({ id, expected: {}, session: session(clock), credential: credential(clock), now }),
  ),
  'a device too many': by((store, id, now, _h, _, { clock }) =>
    store.attach({ id, credential: credential(clock), limits: { credentials: 1 }, now }),
  ),
  'a device too many by a link': by(async (store, id, now, _h, _, { clock }) => {
    const link = otp(clock)
    await store.attach({ id, credential: link, now })
    await store.redeem({ hash: link.hash, credential: credential(clock), limits: { credentials: 1 }, now })
  }),
  'a session above the limit of one user': async (trial) => {
    const { record } = await stored(trial, { userId: '9' })
    const { store, clock } = trial
    const next = session(clock, { userId: '9' })
    await store.create({ session: next, credential: credential(clock), limits: { sessionsPerUser: 1 } })
    return record.id
  },
} satisfies Record<string, Ending>
