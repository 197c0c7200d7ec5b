import assert from 'node:assert/strict'
import { setImmediate as otherCallers } from 'node:timers/promises'
import type { Credential } from '../../record.ts'
import { credential, NOWHERE, otp, type StorePromise, type Trial } from './fixtures.ts'

// A store may end so many sessions in several steps.
const MANY = 1200
const AT_ONCE = 200
const MESSAGE = 'The shop is closed.'

/** The rules of an `endMany` without a `userId` while it runs. */
export const endingAll: StorePromise[] = [
  {
    claim:
      'endMany without a user ends all sessions at once: after one of them has ended, no call finds another one live',
    async check(trial) {
      const { store, stateOf } = trial
      const { all, kept, sample } = await storeMany(trial)
      for (const { record, cookie } of sample) assert.equal(await stateOf(record.id, cookie.hash), 'live')
      const ends = endAll(trial, { exceptId: kept.record.id })
      for (let hasEnded = false; !ends.isOver() || !hasEnded; await otherCallers()) {
        for (const { record, cookie } of sample.reverse()) {
          const state = await stateOf(record.id, cookie.hash)
          if (hasEnded) assert.equal(state, 'revoked')
          else hasEnded = state !== 'live'
        }
        const { sessions } = await store.list({ filter: { kind: 'web' }, page: { size: 2 } })
        const counts = [
          sessions.length,
          await store.count({ filter: {} }),
          await store.count({ filter: { kind: 'web' } }),
        ]
        if (hasEnded) assert.deepEqual(counts, [1, 1, 1])
        else hasEnded = counts.includes(1)
      }
      const ended = (await ends.answer).map(({ id }) => id)
      const others = all.filter((one) => one !== kept).map(({ record }) => record.id)
      assert.deepEqual(ended.sort(), others.sort())
      assert.equal(await stateOf(kept.record.id, kept.cookie.hash), 'live')
    },
  },
  {
    claim: 'while endMany ends all sessions, each call treats them as ended, and a login begins a session that stays',
    async check(trial) {
      const { store, clock, stateOf } = trial
      const { all, kept, sample } = await storeMany(trial)
      const [first, second] = sample as [Stored, Stored]
      const link = otp(clock)
      await store.attach({ id: second.record.id, credential: link })
      const ends = endAll(trial, { exceptId: kept.record.id })
      while ((await stateOf(first.record.id, first.cookie.hash)) === 'live') await otherCallers()
      const late = await assertEnded(trial, second, link, { others: 1 })
      assert.equal((await ends.answer).length, all.length - 1)
      const { id } = second.record
      const found = await store.find({ id, hash: second.cookie.hash })
      assert.equal(found?.state === 'ended' && found.message, false)
      assert.equal(await store.takeMessage({ id, hash: second.cookie.hash }), undefined)
      assert.equal(await store.takeMessage({ id: first.record.id, hash: first.cookie.hash }), MESSAGE)
      assert.equal(await stateOf(kept.record.id, kept.cookie.hash), 'live')
      assert.equal(await stateOf(late.id, late.hash), 'live')
      assert.deepEqual(await store.sweep({ limit: 100 }), [])
    },
  },
  {
    claim: 'several calls of endMany with different filters end each session once, also while one of them runs',
    async check(trial) {
      const { store, clock, stateOf } = trial
      const { all, kept, sample } = await storeMany(trial)
      const calls = [
        endAll(trial, { kind: 'web', exceptId: kept.record.id }).answer,
        store.endMany({ filter: { kind: 'rest' }, reason: 'closed', now: clock.now() }),
        endAll(trial, {}).answer,
        store.endMany({ filter: { userId: '3' }, reason: 'closed', now: clock.now() }),
      ]
      const ended = (await Promise.all(calls)).flat().map(({ id }) => id)
      assert.deepEqual(ended.sort(), all.map(({ record }) => record.id).sort())
      for (const { record, cookie } of [kept, ...sample]) assert.notEqual(await stateOf(record.id, cookie.hash), 'live')
      assert.equal(await store.count({ filter: {} }), 0)
    },
  },
]

type Stored = Awaited<ReturnType<Trial['stored']>>

async function storeMany({ stored }: Trial): Promise<{ all: Stored[]; kept: Stored; sample: Stored[] }> {
  const kept = await stored({ userId: '5' })
  const all = [kept]
  while (all.length <= MANY)
    all.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => stored({ userId: '3' })))))
  return { all, kept, sample: [1, 2, 600, MANY - 1, MANY].map((index) => all[index] as Stored) }
}

function endAll({ store, clock }: Trial, filter: { kind?: 'web'; exceptId?: string }) {
  let isOver = false
  const answer = store.endMany({ filter, reason: 'revoked', message: MESSAGE, now: clock.now() }).finally(() => {
    isOver = true
  })
  return { answer, isOver: () => isOver }
}

/**
 * Checks all calls on a session of the user 3 that `endMany` has just ended with `MESSAGE`. `others` sessions are live.
 * Returns a new session.
 */
export async function assertEnded(
  { store, clock, newSession, credentialsOf }: Trial,
  { record: { id }, cookie: { hash, handle } }: Stored,
  link: Pick<Credential, 'hash'>,
  { others }: { others: number },
): Promise<{ id: string; hash: string }> {
  const own = { id, by: hash, hash, handle, expected: { by: hash }, reason: 'closed' } as const
  const update = { writeId: 'w', changes: { storage: '{"a":1}' } }
  assert.deepEqual(await store.update({ ...own, ...update }), { updated: false, ended: [] })
  const changes = { userId: '3', lastAccessTime: clock.now() }
  assert.deepEqual(await store.update({ ...own, ...update, changes }), { updated: false, ended: [] })
  assert.deepEqual(await store.touch({ ...own, from: NOWHERE }), [])
  assert.equal(await store.attach({ ...own, credential: credential(clock) }), false)
  assert.equal(await store.rotate({ ...own, credential: credential(clock), others: 'keep' }), false)
  assert.equal(await store.detach(own), false)
  assert.deepEqual(await store.replace({ ...own, ...newSession() }), { state: 'gone' })
  assert.equal(await store.redeem({ hash: link.hash, credential: credential(clock) }), undefined)
  assert.equal(await store.findOTP({ hash: link.hash }), undefined)
  assert.equal(await store.end(own), undefined)
  assert.equal(await store.remove({ id, message: 'Another message.' }), undefined)
  assert.deepEqual(await store.endMany({ filter: { userId: '3' }, reason: 'closed' }), [])
  assert.equal(await store.get({ id }), undefined)
  assert.deepEqual(await credentialsOf(id), [])
  const found = { state: 'ended', reason: 'revoked', endedAt: clock.now(), message: true, origin: null }
  assert.deepEqual(await store.find({ id, hash }), found)
  assert.equal(await store.takeMessage({ id, hash }), MESSAGE)
  assert.equal(await store.takeMessage({ id, hash }), undefined)
  assert.deepEqual(await store.find({ id, hash }), { ...found, message: false })
  assert.equal(await store.find({ id, hash: link.hash }), undefined)

  assert.deepEqual((await store.list({ filter: { userId: '3' }, page: {} })).sessions, [])
  for (const filter of [{ userId: '3' }, { kind: 'rest' }] as const) assert.equal(await store.count({ filter }), 0)
  for (const filter of [{}, { kind: 'web' }, { state: 'user' }] as const)
    assert.equal(await store.count({ filter }), others)

  const guest = newSession()
  const limits = { sessions: others + 1, guests: 1, sessionsPerUser: 1 }
  assert.deepEqual(await store.create({ ...guest, limits }), { admitted: true, ended: [] })
  const late = newSession({ userId: '3' })
  const admission = await store.create({ ...late, limits: { ...limits, sessions: others + 2 } })
  assert.deepEqual(admission, { admitted: true, ended: [] })
  assert.deepEqual(await store.create({ ...newSession(), limits: { sessions: others + 2 } }), { admitted: false })
  return { id: late.session.id, hash: late.credential.hash }
}
