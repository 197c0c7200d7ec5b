import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  credential,
  NO_LIMITS,
  NOWHERE,
  otp,
  rounds,
  type StorePromise,
  session,
  stateOf,
  stored,
} from './fixtures.ts'

/** end, endMany, remove, takeMessage, sweep, presence. */
export const ending: StorePromise[] = [
  {
    claim: 'an ended session is gone with all its credentials, and is recognised for at least 90 seconds',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial, { userId: '4', userName: 'Ana' })
      const second = credential(clock)
      const link = otp(clock)
      await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
      await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
      const ended = await store.end(APP, record.id, 'closed', clock.now())
      assert.deepEqual(ended, { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'closed' })
      assert.equal(await store.get(APP, record.id), undefined)
      assert.equal(await store.findOTP(APP, link.hash, clock.now()), undefined)
      assert.equal(await store.count(APP, {}, clock.now()), 0)
      const endedAt = clock.now()
      clock.advance({ milliseconds: 89_999 })
      await store.sweep(APP, clock.now(), 100)
      const found = await store.find(APP, record.id, second.hash, clock.now())
      assert.deepEqual(found, { state: 'ended', reason: 'closed', endedAt, message: false, successor: null })
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'closed')
      assert.equal(await stateOf(trial, record.id, 'a-guess'), 'unknown')
    },
  },
  {
    claim: 'of many who end one session exactly one hears that he did',
    async check(trial) {
      await rounds(async () => {
        const { record } = await stored(trial)
        const ended = await atOnce(() => trial.store.end(APP, record.id, 'closed', trial.clock.now()))
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
      await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
      await store.detach(APP, record.id, second.handle, 'revoked', clock.now())
      assert.equal(await store.end(APP, record.id, 'closed', clock.now(), { by: second.hash }), undefined)
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'an end of what nobody has presented spares what somebody has',
    async check(trial) {
      const { store, clock } = trial
      const lost = await stored(trial)
      const used = await stored(trial)
      await store.touch(APP, used.record.id, used.cookie.hash, NOWHERE, clock.now())
      const endOf = (id: string) => store.end(APP, id, 'secured', clock.now(), { unseen: true })
      assert.equal((await endOf(lost.record.id))?.id, lost.record.id)
      assert.equal(await endOf(used.record.id), undefined)
      assert.equal(await stateOf(trial, used.record.id, used.cookie.hash), 'live')
    },
  },
  {
    claim: 'many are ended by user, by kind, with one spared, or all; the others stay',
    async check(trial) {
      const { store, clock } = trial
      const [a, b, rest, other] = [
        await stored(trial, { userId: '1' }),
        await stored(trial, { userId: '1' }),
        await stored(trial, { userId: '1', kind: 'rest' }),
        await stored(trial, { userId: '2' }),
      ]
      const idsOf = (ended: { id: string }[]) => ended.map(({ id }) => id).sort()
      assert.deepEqual(idsOf(await store.endMany(APP, { userId: '1', kind: 'rest' }, 'revoked', clock.now())), [
        rest.record.id,
      ])
      assert.deepEqual(
        idsOf(await store.endMany(APP, { userId: '1', exceptId: a.record.id }, 'revoked', clock.now())),
        [b.record.id],
      )
      assert.equal(await stateOf(trial, a.record.id, a.cookie.hash), 'live')
      assert.equal(await stateOf(trial, b.record.id, b.cookie.hash), 'revoked')
      assert.equal(await stateOf(trial, other.record.id, other.cookie.hash), 'live')
      assert.equal((await store.endMany(APP, {}, 'stopped', clock.now())).length, 2)
      assert.equal(await store.count(APP, {}, clock.now()), 0)
      assert.equal(await stateOf(trial, other.record.id, other.cookie.hash), 'stopped')
    },
  },
  {
    claim: '[SECURE-2] an invalidated record can be removed by the application',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      await store.replace(APP, record.id, {}, session(clock), credential(clock), NO_LIMITS, clock.now())
      assert.equal((await store.remove(APP, record.id, clock.now()))?.reason, 'secured')
      assert.equal(await store.remove(APP, record.id, clock.now()), undefined)
      const live = await stored(trial)
      assert.equal((await store.remove(APP, live.record.id, clock.now()))?.reason, 'revoked')
      const over = await stored(trial, { absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.remove(APP, over.record.id, clock.now()))?.reason, 'absolute')
      assert.equal(await store.get(APP, record.id), undefined)
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
    },
  },
  {
    claim: 'a message waits a day for each device and is told once',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const second = credential(clock)
      await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
      await store.remove(APP, record.id, clock.now(), 'Please sign in again.')
      clock.advance({ hours: 23, minutes: 59 })
      await store.sweep(APP, clock.now(), 100)
      const found = await store.find(APP, record.id, cookie.hash, clock.now())
      assert.equal(found?.state === 'ended' && found.message, true)
      const told = await atOnce(() => store.takeMessage(APP, cookie.hash, clock.now()))
      assert.deepEqual(
        told.filter((text) => text !== undefined),
        ['Please sign in again.'],
      )
      assert.equal(await store.takeMessage(APP, second.hash, clock.now()), 'Please sign in again.')
      const silent = await stored(trial)
      await store.remove(APP, silent.record.id, clock.now(), '')
      assert.equal(await store.takeMessage(APP, silent.cookie.hash, clock.now()), undefined)
      assert.equal(await store.takeMessage(APP, 'a-guess', clock.now()), undefined)
    },
  },
  {
    claim:
      'the sweep leaves alone what ended less than five minutes ago, and takes what ended before, no more than asked for',
    async check(trial) {
      const { store, clock } = trial
      const live = await stored(trial, { idleMilliseconds: 0 })
      const over = [await stored(trial, { userId: '1' }), await stored(trial), await stored(trial)] as const
      clock.advance({ milliseconds: over[0].record.end - clock.now() + 5 * 60_000 - 1 })
      assert.deepEqual(await store.sweep(APP, clock.now(), 100), [])
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.sweep(APP, clock.now(), 2)).length, 2)
      assert.equal((await store.sweep(APP, clock.now(), 2)).length, 1)
      assert.deepEqual(await store.sweep(APP, clock.now(), 2), [])
      assert.equal(await store.count(APP, {}, clock.now()), 1)
      assert.equal(await stateOf(trial, live.record.id, live.cookie.hash), 'live')
      assert.equal(await stateOf(trial, over[0].record.id, over[0].cookie.hash), 'unknown')
    },
  },
  {
    claim: 'the sweep tells whose session it was and why it ended',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial, { userId: '4', userName: 'Ana', absoluteEnd: clock.now() + 60_000 })
      clock.advance({ minutes: 6 })
      assert.deepEqual(await store.sweep(APP, clock.now(), 10), [
        { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'absolute' },
      ])
    },
  },
  {
    claim: '[SECURE-6] the sweep removes invalidated sessions when their time is over, beside live ones that it leaves',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial)
      clock.advance({ minutes: 30 })
      const next = session(clock)
      const cookie = credential(clock)
      await store.replace(APP, record.id, {}, next, cookie, NO_LIMITS, clock.now())
      clock.advance({ milliseconds: record.end - clock.now() + 5 * 60_000 })
      assert.deepEqual(
        (await store.sweep(APP, clock.now(), 10)).map(({ id, reason }) => [id, reason]),
        [[record.id, 'secured']],
      )
      assert.equal(await stateOf(trial, next.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'the last process that leaves is told so; one that was killed counts as gone after half a minute',
    async check({ store, clock }) {
      const { presence } = store
      if (!presence) return
      await presence.beat(APP, 'a', clock.now())
      await presence.beat(APP, 'b', clock.now())
      await presence.beat('OTHER', 'c', clock.now())
      assert.equal(await presence.leave(APP, 'a', clock.now()), false)
      assert.equal(await presence.leave(APP, 'b', clock.now()), true)
      await presence.beat(APP, 'killed', clock.now())
      clock.advance({ seconds: 20 })
      await presence.beat(APP, 'a', clock.now())
      assert.equal(await presence.leave(APP, 'a', clock.now()), false)
      clock.advance({ seconds: 10 })
      await presence.beat(APP, 'a', clock.now())
      assert.equal(await presence.leave(APP, 'a', clock.now()), true)
    },
  },
]
