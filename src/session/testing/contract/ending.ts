import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  credential,
  NOWHERE,
  otp,
  rounds,
  type StorePromise,
  session,
  stateOf,
  stored,
} from './fixtures.ts'

/** The promises of `end`, `endMany`, `remove`, `takeMessage`, `sweep` and `presence`. */
export const ending: StorePromise[] = [
  {
    claim: 'an ended session is deleted with all its credentials, and its tombstones stay for at least 90 seconds',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial, { userId: '4', userName: 'Ana' })
      const second = credential(clock)
      const link = otp(clock)
      await store.attach({ id: record.id, credential: second })
      await store.attach({ id: record.id, credential: link })
      const ended = await store.end({ id: record.id, reason: 'closed' })
      assert.deepEqual(ended, { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'closed' })
      assert.equal(await store.get({ id: record.id }), undefined)
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.equal(await store.count({ filter: {} }), 0)
      const endedAt = clock.now()
      clock.advance({ milliseconds: 89_999 })
      await store.sweep({ limit: 100 })
      const found = await store.find({ id: record.id, hash: second.hash })
      assert.deepEqual(found, { state: 'ended', reason: 'closed', endedAt, message: false, successor: null })
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'closed')
      assert.equal(await stateOf(trial, record.id, 'a-guess'), 'unknown')
    },
  },
  {
    claim: 'of many callers that end one session exactly one gets it as its answer',
    async check(trial) {
      await rounds(async () => {
        const { record } = await stored(trial)
        const ended = await atOnce(() => trial.store.end({ id: record.id, reason: 'closed', now: trial.clock.now() }))
        assert.equal(ended.filter((session) => session !== undefined).length, 1)
      })
    },
  },
  {
    claim: 'a device that was signed out can no longer end the session',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const second = credential(clock)
      await store.attach({ id: record.id, credential: second })
      await store.detach({ id: record.id, handle: second.handle, reason: 'revoked' })
      assert.equal(await store.end({ id: record.id, reason: 'closed', by: second.hash }), undefined)
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'an end that is limited to unseen sessions spares a session whose credential was presented',
    async check(trial) {
      const { store } = trial
      const lost = await stored(trial)
      const used = await stored(trial)
      await store.touch({ id: used.record.id, hash: used.cookie.hash, from: NOWHERE })
      const endOf = (id: string) => store.end({ id, reason: 'secured', unseen: true })
      assert.equal((await endOf(lost.record.id))?.id, lost.record.id)
      assert.equal(await endOf(used.record.id), undefined)
      assert.equal(await stateOf(trial, used.record.id, used.cookie.hash), 'live')
    },
  },
  {
    claim: 'endMany ends the sessions of a user, of a kind, all but one, or all, and leaves the others alone',
    async check(trial) {
      const { store } = trial
      const [a, b, rest, other] = [
        await stored(trial, { userId: '1' }),
        await stored(trial, { userId: '1' }),
        await stored(trial, { userId: '1', kind: 'rest' }),
        await stored(trial, { userId: '2' }),
      ]
      const idsOf = (ended: { id: string }[]) => ended.map(({ id }) => id).sort()
      assert.deepEqual(idsOf(await store.endMany({ filter: { userId: '1', kind: 'rest' }, reason: 'revoked' })), [
        rest.record.id,
      ])
      assert.deepEqual(
        idsOf(await store.endMany({ filter: { userId: '1', exceptId: a.record.id }, reason: 'revoked' })),
        [b.record.id],
      )
      assert.equal(await stateOf(trial, a.record.id, a.cookie.hash), 'live')
      assert.equal(await stateOf(trial, b.record.id, b.cookie.hash), 'revoked')
      assert.equal(await stateOf(trial, other.record.id, other.cookie.hash), 'live')
      assert.equal((await store.endMany({ filter: {}, reason: 'stopped' })).length, 2)
      assert.equal(await store.count({ filter: {} }), 0)
      assert.equal(await stateOf(trial, other.record.id, other.cookie.hash), 'stopped')
    },
  },
  {
    claim: '[SECURE-2] the application can remove an invalidated record',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      await store.replace({ id: record.id, expected: {}, session: session(clock), credential: credential(clock) })
      assert.equal((await store.remove({ id: record.id }))?.reason, 'secured')
      assert.equal(await store.remove({ id: record.id }), undefined)
      const live = await stored(trial)
      assert.equal((await store.remove({ id: live.record.id }))?.reason, 'revoked')
      const over = await stored(trial, { absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.remove({ id: over.record.id }))?.reason, 'absolute')
      assert.equal(await store.get({ id: record.id }), undefined)
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
    },
  },
  {
    claim: 'a message is kept for a day for each device, and of many callers exactly one takes it',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const second = credential(clock)
      await store.attach({ id: record.id, credential: second })
      await store.remove({ id: record.id, message: 'Please sign in again.' })
      clock.advance({ hours: 23, minutes: 59 })
      await store.sweep({ limit: 100 })
      const found = await store.find({ id: record.id, hash: cookie.hash })
      assert.equal(found?.state === 'ended' && found.message, true)
      const taken = await atOnce(() => store.takeMessage({ hash: cookie.hash }))
      assert.deepEqual(
        taken.filter((text) => text !== undefined),
        ['Please sign in again.'],
      )
      assert.equal(await store.takeMessage({ hash: second.hash }), 'Please sign in again.')
      const silent = await stored(trial)
      await store.remove({ id: silent.record.id, message: '' })
      assert.equal(await store.takeMessage({ hash: silent.cookie.hash }), undefined)
      assert.equal(await store.takeMessage({ hash: 'a-guess' }), undefined)
    },
  },
  {
    claim: 'the sweep removes only sessions that ended at least five minutes ago, and no more than its limit',
    async check(trial) {
      const { store, clock } = trial
      const live = await stored(trial, { idleMilliseconds: 0 })
      const over = [await stored(trial, { userId: '1' }), await stored(trial), await stored(trial)] as const
      clock.advance({ milliseconds: over[0].record.end - clock.now() + 5 * 60_000 - 1 })
      assert.deepEqual(await store.sweep({ limit: 100 }), [])
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.sweep({ limit: 2 })).length, 2)
      assert.equal((await store.sweep({ limit: 2 })).length, 1)
      assert.deepEqual(await store.sweep({ limit: 2 }), [])
      assert.equal(await store.count({ filter: {} }), 1)
      assert.equal(await stateOf(trial, live.record.id, live.cookie.hash), 'live')
      assert.equal(await stateOf(trial, over[0].record.id, over[0].cookie.hash), 'unknown')
    },
  },
  {
    claim: 'the sweep answers whose session it was and why it ended',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial, { userId: '4', userName: 'Ana', absoluteEnd: clock.now() + 60_000 })
      clock.advance({ minutes: 6 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [
        { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'absolute' },
      ])
    },
  },
  {
    claim: '[SECURE-6] the sweep removes invalidated sessions after their end and leaves live ones alone',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial)
      clock.advance({ minutes: 30 })
      const next = session(clock)
      const cookie = credential(clock)
      await store.replace({ id: record.id, expected: {}, session: next, credential: cookie })
      clock.advance({ milliseconds: record.end - clock.now() + 5 * 60_000 })
      assert.deepEqual(
        (await store.sweep({ limit: 10 })).map(({ id, reason }) => [id, reason]),
        [[record.id, 'secured']],
      )
      assert.equal(await stateOf(trial, next.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'the last process to leave gets true as its answer, and a killed process counts as gone after half a minute',
    async check({ store, clock }) {
      const { presence } = store
      if (!presence) return
      const process = (processId: string, app = APP) => ({ app, processId, now: clock.now() })
      await presence.beat(process('a'))
      await presence.beat(process('b'))
      await presence.beat(process('c', 'OTHER'))
      assert.equal(await presence.leave(process('a')), false)
      assert.equal(await presence.leave(process('b')), true)
      await presence.beat(process('killed'))
      clock.advance({ seconds: 20 })
      await presence.beat(process('a'))
      assert.equal(await presence.leave(process('a')), false)
      clock.advance({ seconds: 10 })
      await presence.beat(process('a'))
      assert.equal(await presence.leave(process('a')), true)
    },
  },
]
