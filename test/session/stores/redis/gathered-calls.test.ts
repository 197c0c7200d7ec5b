import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { isNothingWritten, NEVER } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { APP, HOUR, stored, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, keysOf, ownPrefix } from '../../support/redis-connections.ts'

const MANY = 50
const range = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext, options = {}, address = url) => {
    const client = await ioredisTo(address)
    t.after(() => client.disconnect())
    const own = ownPrefix()
    const key = (name: string, app = APP) => `{${own.prefix}:${app}}:${name}`
    return { client, ...own, key, ...trialOf(redisStore(client, { ...own, ...options })) }
  }

  test('calls of one turn share a script for each kind of call and each application, and each call gets its own answer', async (t) => {
    const { client, store, newSession, ...trial } = await open(t)
    const made = range(MANY, (n) => newSession({ storage: `{"n":${n}}` }))
    const [first, , third] = made
    const { record } = await stored({ store, newSession, ...trial })
    await store.create({ app: 'OTHER', ...newSession() })
    await store.update({ id: record.id, expected: {}, writeId: 'w', changes: { storage: '{}' } })
    const sent = watch(client) // after Redis has loaded the scripts
    const elsewhere = newSession()
    await Promise.all([...made.map((visit) => store.create(visit)), store.create({ app: 'OTHER', ...elsewhere })])
    assert.deepEqual(sent.splice(0), ['EVALSHA', 'EVALSHA'])
    assert.equal(await store.get({ id: elsewhere.session.id }), undefined)

    await store.end({ id: first?.session.id ?? '', reason: 'closed' })
    sent.splice(0)
    const updates = await Promise.all(
      made.map(({ session: { id }, credential: { hash } }, n) => {
        const by = n === 1 && third ? third.credential.hash : hash
        const expected = { version: n === 2 ? 7 : 1, by }
        return store.update({ id, expected, writeId: `w${n}`, changes: { storage: `{"n":${100 + n}}` } })
      }),
    )
    assert.deepEqual(sent, ['EVALSHA'])
    assert.deepEqual(
      updates.map(({ updated }) => updated),
      range(MANY, (n) => n > 2),
    )
    const records = await Promise.all(made.map(({ session: { id } }) => store.get({ id })))
    const own = range(MANY - 3, (n) => `{"n":${103 + n}}`)
    assert.deepEqual(
      records.map((record) => record?.storage),
      [undefined, '{"n":1}', '{"n":2}', ...own],
    )
  })

  test('a script takes at most 100 new sessions, and all sessions of the turn are stored', async (t) => {
    const { client, store, newSession } = await open(t)
    const made = range(250, () => newSession())
    await store.count({ filter: {} })
    const sent = watch(client)
    const answers = await Promise.all(made.map((visit) => store.create(visit)))
    assert.equal(sent.filter((command) => command === 'EVALSHA').length, 3)
    assert.ok(answers.every(({ admitted }) => admitted))
    assert.equal(await store.count({ filter: {} }), 250)
    const found = await Promise.all(
      made.map(({ session, credential }) => store.find({ id: session.id, hash: credential.hash })),
    )
    assert.ok(found.every((one) => one?.state === 'live'))
  })

  test('long storages of one turn are written by several scripts, because the size of a command is limited', async (t) => {
    const { client, store, newSession } = await open(t)
    const made = await Promise.all(
      range(12, async () => {
        const visit = newSession()
        await store.create(visit)
        return visit.session.id
      }),
    )
    const sent = watch(client)
    const storages = made.map((_, n) => `{"text":"${String(n).repeat(100_000)}"}`)
    await Promise.all(
      made.map((id, n) =>
        store.update({ id, expected: { version: 1 }, writeId: `w${n}`, changes: { storage: storages[n] as string } }),
      ),
    )
    assert.equal(sent.filter((command) => command === 'EVALSHA').length, 3)
    const records = await Promise.all(made.map((id) => store.get({ id })))
    assert.deepEqual(
      records.map((record) => record?.storage),
      storages,
    )
  })

  test('new sessions of one turn have the same keys in Redis as if they had been stored one by one', async (t) => {
    const { client, prefix, store, newSession, clock } = await open(t)
    const until = (end: number) => newSession({ end, absoluteEnd: end, idleMilliseconds: 0 })
    const earlier = until(clock.now() + HOUR)
    const made = [clock.now() + HOUR, NEVER, clock.now() + 9 * HOUR, clock.now() - HOUR].map(until)
    for (const app of ['TOGETHER', 'ALONE']) await store.create({ app, ...earlier })
    await Promise.all(made.map((visit) => store.create({ app: 'TOGETHER', ...visit })))
    for (const visit of made) await store.create({ app: 'ALONE', ...visit })
    const all = await keysOf(client, prefix)
    const together = all.filter((key) => key.includes('TOGETHER')).sort()
    const other = (key: string) => key.replace('TOGETHER', 'ALONE')
    assert.deepEqual(together.map(other), all.filter((key) => key.includes('ALONE')).sort())
    for (const key of together) {
      assert.deepEqual(await client.dumpBuffer(key), await client.dumpBuffer(other(key)), key)
      assert.ok(Math.abs((await client.pttl(key)) - (await client.pttl(other(key)))) < 60_000, key)
    }
  })

  test('of new sessions with one ID in one turn exactly one is stored, and the other sessions of the turn are stored', async (t) => {
    const { store, newSession } = await open(t)
    const { session } = newSession()
    const made = [newSession(), ...range(3, () => ({ ...newSession(), session })), newSession()]
    const outcomes = (await Promise.allSettled(made.map((visit) => store.create(visit)))).map(outcome)
    assert.deepEqual(outcomes.sort(), ['done', 'done', 'done', 'nothing written', 'nothing written'])
    assert.equal(await store.count({ filter: {} }), 3)
    assert.equal((await store.credentials({ ids: [session.id] })).get(session.id)?.length, 1)
  })

  test('of new sessions in one turn exactly as many are admitted as there are licences and places for guests', async (t) => {
    const { store, newSession } = await open(t)
    for (const limits of [{ sessions: 5 }, { guests: 5 }]) {
      const app = Object.keys(limits).join()
      const create = (count: number) =>
        Promise.all(range(count, () => store.create({ app, ...newSession(), limits }))).then(
          (answers) => answers.filter(({ admitted }) => admitted).length,
        )
      assert.deepEqual([await create(3), await create(4), await create(2)], [3, 2, 0])
      assert.equal(await store.count({ app, filter: {} }), 5)
      const both = [{}, limits].map((limits) => store.create({ app, ...newSession(), limits }))
      assert.deepEqual(
        (await Promise.all(both)).map(({ admitted }) => admitted),
        [true, false],
      )
    }
  })

  test('when Redis cannot read one session, only the update of this session fails', async (t) => {
    const { client, key, ...trial } = await open(t)
    const { store } = trial
    const made = await Promise.all(range(4, () => stored(trial)))
    const [, broken] = made
    await client.set(key(`s:${broken?.record.id}`), 'no hash')
    const outcomes = await Promise.allSettled(
      made.map(({ record: { id } }, n) =>
        store.update({ id, expected: { version: 1 }, writeId: `w${n}`, changes: { storage: '{"n":1}' } }),
      ),
    )
    assert.deepEqual(outcomes.map(outcome), ['done', 'unknown', 'done', 'done'])
    for (const { record } of made.filter((one) => one !== broken))
      assert.equal((await store.get({ id: record.id }))?.version, 2)
  })

  test('when the reply to several calls is lost, each call says that it may have taken effect, and takes effect once', async (t) => {
    const proxy = await startCuttingProxy(t, url)
    const { client, store, newSession, ...trial } = await open(t, {}, proxy.url)
    const { record } = await stored({ store, newSession, ...trial })
    await store.update({ id: record.id, expected: {}, writeId: 'w', changes: { storage: '{}' } }) // loads the script
    const lost = async (ask: () => Promise<unknown>[]) => {
      const back = new Promise((resolve) => client.once('ready', resolve))
      void proxy.cutAtNextAnswer()
      const outcomes = (await Promise.allSettled(ask())).map(outcome)
      assert.deepEqual(
        outcomes,
        range(5, () => 'unknown'),
      )
      await back
    }
    const made = range(5, () => newSession())
    await lost(() => made.map((visit) => store.create(visit)))
    const found = await Promise.all(
      made.map(({ session, credential }) => store.find({ id: session.id, hash: credential.hash })),
    )
    assert.ok(found.every((one) => one?.state === 'live'))
    const update = () =>
      made.map(({ session: { id } }, n) =>
        store.update({ id, expected: { version: 1 }, writeId: `w${n}`, changes: { storage: '{"n":1}' } }),
      )
    await lost(update)
    assert.ok((await Promise.all(update())).every(({ updated }) => updated))
    for (const { session } of made) assert.equal((await store.get({ id: session.id }))?.version, 2)
  })

  test('a new session that is sent again alone keeps its deadline', async (t) => {
    const { client, store, newSession } = await open(t, { deadlineMilliseconds: 300 })
    const limits = { sessions: 1 }
    await store.create({ ...newSession(), limits })
    const call = client.call.bind(client) as (...parameters: string[]) => Promise<unknown>
    let sent = 0
    Object.assign(client, {
      async call(...parameters: string[]) {
        if (++sent > 1) return new Promise(() => {})
        await pause(200)
        return call(...parameters)
      },
    })
    await assert.rejects(store.create({ ...newSession(), limits }), hadAtMost(101))
    assert.equal(sent, 2)
  })

  const REFUSALS = {
    'Redis has lost it': 'NOSCRIPT No matching script.',
    'an end of all sessions is over': 'ERR user_script:1: ENDING',
  }
  for (const [cause, refusal] of Object.entries(REFUSALS))
    test(`a script that is sent again because ${cause} keeps its deadline`, async (t) => {
      const { client, store } = await open(t, { deadlineMilliseconds: 300 })
      await store.count({ filter: {} })
      const call = client.call.bind(client) as (...parameters: string[]) => Promise<unknown>
      let scripts = 0
      Object.assign(client, {
        async call(...parameters: string[]) {
          if (!parameters[0]?.startsWith('EVAL')) return call(...parameters)
          if (++scripts > 1) return new Promise(() => {})
          await pause(200)
          throw new Error(refusal)
        },
      })
      await assert.rejects(store.count({ filter: {} }), hadAtMost(101))
      assert.equal(scripts, 2)
    })
}

/** Whether an error says that the last command had at most these milliseconds. */
function hadAtMost(most: number): (error: Error) => boolean {
  return ({ message }) => Number(/did not answer within (\d+) ms/.exec(message)?.[1]) <= most
}

/** Returns the names of the commands that the client sends from now on. */
function watch(client: Redis): string[] {
  const sent: string[] = []
  const call = client.call.bind(client) as (...parameters: string[]) => Promise<unknown>
  Object.assign(client, {
    call(...parameters: string[]) {
      sent.push(parameters[0] ?? '')
      return call(...parameters)
    },
  })
  return sent
}

function outcome(settled: PromiseSettledResult<unknown>): string {
  if (settled.status === 'fulfilled') return 'done'
  return isNothingWritten(settled.reason) ? 'nothing written' : 'unknown'
}
