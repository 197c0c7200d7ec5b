import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Credential } from '../../../../src/session/record.ts'
import { isNothingWritten } from '../../../../src/session/record.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { assertEnded } from '../../../../src/session/testing/contract/ending-all.ts'
import { APP, otp, type Trial, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { Program } from '../../../support/process.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, ownPrefix } from '../../support/redis-connections.ts'

const MANY = 1200

if (redisUrl !== undefined) {
  const url = redisUrl

  test('[LIFE-12] if a process is killed while it ends all sessions in Redis, none of them is live, and another process ends and reports the rest', async (scope) => {
    const { trial, stored, stopped, left, mark, firstStored } = await openMany(scope, url)
    const { store, clock } = trial
    const [first, last] = [stored[0], stored[MANY - 1]] as [Stored, Stored]
    // The steps end the sessions in random order, so one of many is still stored.
    const withLinks = await Promise.all(
      stored.slice(1, 41).map(async (one) => ({ ...one, link: await trial.attached(one.record.id, otp(clock)) })),
    )
    await stopped('ended')
    const { link, ...other } = (await firstStored(withLinks)) as Stored & { link: Credential }
    const unfinished = await left()
    assert.ok(unfinished > 0 && unfinished < MANY, String(unfinished))
    for (const { record, cookie } of [first, last]) assert.equal(await trial.stateOf(record.id, cookie.hash), 'revoked')
    const late = await assertEnded(trial, other, link, { others: 0 })
    assert.equal((await store.sweep({ limit: 500 })).length, unfinished)
    assert.deepEqual(await store.sweep({ limit: 500 }), [])
    assert.equal(await mark(), 0)
    assert.equal(await left(), 2)
    assert.equal(await trial.stateOf(late.id, late.hash), 'live')
    for (const { record, cookie } of [first, last])
      assert.equal(await store.takeMessage({ id: record.id, hash: cookie.hash }), 'The shop is closed.')
  })

  test('if a process is killed before it has ended the first session in Redis, all stay live until the next process ends them together', async (scope) => {
    const { trial, stored, stopped, left, mark, prefix } = await openMany(scope, url)
    const [first, last] = [stored[0], stored[MANY - 1]] as [Stored, Stored]
    const seen = async () => [
      await trial.stateOf(first.record.id, first.cookie.hash),
      await trial.stateOf(last.record.id, last.cookie.hash),
    ]
    await stopped('preparing')
    assert.deepEqual(await seen(), ['live', 'live'])
    assert.equal(await trial.store.count({ filter: {} }), MANY)
    const changes = { storage: '{"a":1}' }
    for (const { record, cookie } of [first, last]) {
      const update = { id: record.id, expected: { by: cookie.hash }, writeId: 'w', changes }
      assert.deepEqual(await trial.store.update(update), { updated: true, ended: [] })
    }
    // Some of these sessions are in the part of the index that the killed process has already read.
    const late = await Promise.all(Array.from({ length: 40 }, () => trial.stored()))
    const client = await ioredisTo(url)
    scope.after(() => client.disconnect())
    const next = trialOf(redisStore(client, { prefix }), trial.clock)
    assert.equal((await next.store.sweep({ limit: 500 })).length, MANY + late.length)
    assert.deepEqual(await seen(), ['revoked', 'revoked'])
    for (const { record, cookie } of late) assert.equal(await next.stateOf(record.id, cookie.hash), 'revoked')
    assert.deepEqual([await left(), await mark()], [0, 0])
  })

  test('if a step of an end of all sessions fails, the error says that it may have taken effect, and a sweep reports each session once', async (scope) => {
    const { trial, stored, client, prefix, mark } = await openMany(scope, url)
    let steps = 0
    const failing = Object.assign(Object.create(client), {
      async call(command: string, ...parameters: string[]) {
        const hasEnded = (await client.hget(`{${prefix}:${APP}}:mark`, 'state')) === 'ended'
        if (hasEnded && command === 'EVALSHA' && ++steps === 2)
          throw new Error("Stream isn't writeable and enableOfflineQueue options is false")
        return client.call(command, ...parameters)
      },
    })
    const { store } = trialOf(redisStore(failing, { prefix }), trial.clock)
    const error = await store.endMany({ filter: {}, reason: 'revoked' }).catch((caught) => caught)
    assert.match(String(error), /A sweep ends and reports the rest/)
    assert.equal(isNothingWritten(error), false)
    const reported = (await store.sweep({ limit: 500 })).map(({ id }) => id)
    assert.deepEqual(reported.sort(), stored.map(({ record }) => record.id).sort())
    assert.equal(await mark(), 0)
  })

  test('if a process that has continued the steps of another process exits, the sweep of a third process reports the ended sessions', async (scope) => {
    const { trial, stopped, left, client, prefix } = await openMany(scope, url)
    await stopped('ended')
    const unfinished = await left()
    assert.equal(await trial.store.count({ filter: {} }), 0)
    assert.equal(await left(), 0)
    const third = trialOf(redisStore(client, { prefix }), trial.clock)
    assert.equal((await third.store.sweep({ limit: 500 })).length, unfinished)
    assert.deepEqual(await trial.store.sweep({ limit: 500 }), [])
  })

  test('a count that waits for the steps of an end of all sessions keeps its deadline', async (scope) => {
    const { trial, stopped, client, prefix } = await openMany(scope, url)
    await stopped('ended')
    const { store } = trialOf(redisStore(client, { prefix, deadlineMilliseconds: 400 }), trial.clock)
    const error = await store.count({ filter: {} }).catch((caught) => caught)
    assert.match(String(error), /Redis did not answer within/)
    assert.equal(isNothingWritten(error), true)
    assert.equal(await trial.store.count({ filter: {} }), 0)
  })

  test('a session stays ended if the mark in Redis is lost before its record is deleted', async (scope) => {
    const { trial, stored, stopped, firstStored, dropMark } = await openMany(scope, url)
    await stopped('ended')
    const { record, cookie } = (await firstStored(stored)) as Stored
    await dropMark()
    const update = { expected: { by: cookie.hash }, writeId: 'w', changes: { storage: '{"a":1}' } }
    assert.deepEqual(await trial.store.update({ id: record.id, ...update }), { updated: false, ended: [] })
    assert.equal(await trial.stateOf(record.id, cookie.hash), 'unknown')
    assert.equal(await trial.store.get({ id: record.id }), undefined)
  })

  test('a limit does not count the sessions that have ended in Redis and are not deleted yet', async (scope) => {
    const { trial, stopped } = await openMany(scope, url)
    await stopped('ended')
    const admission = await trial.store.create({ ...trial.newSession(), limits: { sessions: 1, guests: 1 } })
    assert.deepEqual(admission, { admitted: true, ended: [] })
  })
}

type Stored = Awaited<ReturnType<Trial['stored']>>

async function openMany(scope: TestContext, url: string) {
  const client = await ioredisTo(url)
  scope.after(() => client.disconnect())
  const { prefix } = ownPrefix()
  const trial = trialOf(redisStore(client, { prefix, deadlineMilliseconds: 10_000 }))
  const stored = await Promise.all(Array.from({ length: MANY }, () => trial.stored({ userId: '3' })))
  return {
    prefix,
    client,
    trial,
    stored,
    left: () => client.zcard(`{${prefix}:${APP}}:created`),
    dropMark: () => client.del(`{${prefix}:${APP}}:mark`),
    mark: () => client.exists(`{${prefix}:${APP}}:mark`),
    /** Returns the first session whose record is still stored. */
    async firstStored(sessions: readonly Stored[]) {
      for (const one of sessions) if (await client.hexists(`{${prefix}:${APP}}:s:${one.record.id}`, 'r')) return one
      return undefined
    },
    /** Resolves when the program that ends all sessions was killed. */
    async stopped(phase: 'preparing' | 'ended') {
      const args = [url, prefix, APP, String(trial.clock.now()), phase]
      const { signal } = await new Program(scope, { entry: 'test/session/fixtures/killed-redis-end.ts', args }).ended
      assert.equal(signal, 'SIGKILL')
    },
  }
}
