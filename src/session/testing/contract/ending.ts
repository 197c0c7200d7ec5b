import assert from 'node:assert/strict'
import { APP, atOnce, NOWHERE, otp, rounds, type StorePromise } from './fixtures.ts'

/** The promises of `end`, `endMany`, `remove`, `takeMessage`, `sweep` and `presence`. */
export const ending: StorePromise[] = [
  {
    claim: 'an ended session is deleted with all its credentials, and its tombstones stay for at least 90 seconds',
    async check({ store, clock, stored, attached, stateOf }) {
      const { record, cookie } = await stored({ userId: '4', userName: 'Ana' })
      const second = await attached(record.id)
      const link = await attached(record.id, otp(clock))
      const ended = await store.end({ id: record.id, reason: 'closed' })
      assert.deepEqual(ended, { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'closed' })
      assert.equal(await store.get({ id: record.id }), undefined)
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.equal(await store.count({ filter: {} }), 0)
      const endedAt = clock.now()
      clock.advance({ milliseconds: 89_999 })
      await store.sweep({ limit: 100 })
      const found = await store.find({ id: record.id, hash: second.hash })
      assert.deepEqual(found, { state: 'ended', reason: 'closed', endedAt, message: false, origin: null })
      assert.equal(await stateOf(record.id, cookie.hash), 'closed')
      assert.equal(await stateOf(record.id, 'a-guess'), 'unknown')
    },
  },
  {
    claim: 'of many calls that end one session exactly one returns it',
    async check({ store, clock, stored }) {
      await rounds(async () => {
        const { record } = await stored()
        const ended = await atOnce(() => store.end({ id: record.id, reason: 'closed', now: clock.now() }))
        assert.equal(ended.filter((session) => session !== undefined).length, 1)
      })
    },
  },
  {
    claim: 'a device that was signed out can no longer end the session',
    async check({ store, stored, attached, stateOf }) {
      const { record, cookie } = await stored()
      const second = await attached(record.id)
      await store.detach({ id: record.id, handle: second.handle, reason: 'revoked' })
      assert.equal(await store.end({ id: record.id, reason: 'closed', by: second.hash }), undefined)
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'an end that is limited to unseen sessions spares a session whose credential was presented',
    async check({ store, stored, stateOf }) {
      const lost = await stored()
      const used = await stored()
      await store.touch({ id: used.record.id, hash: used.cookie.hash, from: NOWHERE })
      const endOf = (id: string) => store.end({ id, reason: 'secured', unseen: true })
      assert.equal((await endOf(lost.record.id))?.id, lost.record.id)
      assert.equal(await endOf(used.record.id), undefined)
      assert.equal(await stateOf(used.record.id, used.cookie.hash), 'live')
    },
  },
  {
    claim: 'endMany ends the sessions of a user, of a kind, all but one, or all, and leaves the others alone',
    async check({ store, stored, stateOf }) {
      const [a, b, rest, other] = [
        await stored({ userId: '1' }),
        await stored({ userId: '1' }),
        await stored({ userId: '1', kind: 'rest' }),
        await stored({ userId: '2' }),
      ]
      const idsOf = (ended: { id: string }[]) => ended.map(({ id }) => id).sort()
      assert.deepEqual(idsOf(await store.endMany({ filter: { userId: '1', kind: 'rest' }, reason: 'revoked' })), [
        rest.record.id,
      ])
      assert.deepEqual(
        idsOf(await store.endMany({ filter: { userId: '1', exceptId: a.record.id }, reason: 'revoked' })),
        [b.record.id],
      )
      assert.equal(await stateOf(a.record.id, a.cookie.hash), 'live')
      assert.equal(await stateOf(b.record.id, b.cookie.hash), 'revoked')
      assert.equal(await stateOf(other.record.id, other.cookie.hash), 'live')
      assert.equal((await store.endMany({ filter: {}, reason: 'stopped' })).length, 2)
      assert.equal(await store.count({ filter: {} }), 0)
      assert.equal(await stateOf(other.record.id, other.cookie.hash), 'stopped')
    },
  },
  {
    claim: '[SECURE-2] the application can remove an invalidated record',
    async check({ store, clock, newSession, stored, stateOf }) {
      const { record, cookie } = await stored()
      await store.replace({ id: record.id, expected: {}, ...newSession() })
      assert.equal((await store.remove({ id: record.id }))?.reason, 'secured')
      assert.equal(await store.remove({ id: record.id }), undefined)
      const live = await stored()
      assert.equal((await store.remove({ id: live.record.id }))?.reason, 'revoked')
      const over = await stored({ absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.remove({ id: over.record.id }))?.reason, 'absolute')
      assert.equal(await store.get({ id: record.id }), undefined)
      assert.equal(await stateOf(record.id, cookie.hash), 'secured')
    },
  },
  {
    claim: 'a message is kept for a day for each device, and of many callers exactly one takes it',
    async check({ store, clock, stored, attached }) {
      const { record, cookie } = await stored()
      const second = await attached(record.id)
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
      const silent = await stored()
      await store.remove({ id: silent.record.id, message: '' })
      assert.equal(await store.takeMessage({ hash: silent.cookie.hash }), undefined)
      assert.equal(await store.takeMessage({ hash: 'a-guess' }), undefined)
    },
  },
  {
    claim: 'the sweep removes only sessions that ended at least five minutes ago, and no more than its limit',
    async check({ store, clock, stored, stateOf }) {
      const live = await stored({ idleMilliseconds: 0 })
      const over = [await stored({ userId: '1' }), await stored(), await stored()] as const
      clock.advance({ milliseconds: over[0].record.end - clock.now() + 5 * 60_000 - 1 })
      assert.deepEqual(await store.sweep({ limit: 100 }), [])
      clock.advance({ milliseconds: 1 })
      assert.equal((await store.sweep({ limit: 2 })).length, 2)
      assert.equal((await store.sweep({ limit: 2 })).length, 1)
      assert.deepEqual(await store.sweep({ limit: 2 }), [])
      assert.equal(await store.count({ filter: {} }), 1)
      assert.equal(await stateOf(live.record.id, live.cookie.hash), 'live')
      assert.equal(await stateOf(over[0].record.id, over[0].cookie.hash), 'unknown')
    },
  },
  {
    claim: 'the sweep returns the user and the end reason of each removed session',
    async check({ store, clock, stored }) {
      const { record } = await stored({ userId: '4', userName: 'Ana', absoluteEnd: clock.now() + 60_000 })
      clock.advance({ minutes: 6 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [
        { id: record.id, kind: 'web', userName: 'Ana', userId: '4', reason: 'absolute' },
      ])
    },
  },
  {
    claim: '[SECURE-6] the sweep removes invalidated sessions after their end and leaves live ones alone',
    async check({ store, clock, newSession, stored, stateOf }) {
      const { record } = await stored()
      clock.advance({ minutes: 30 })
      const next = newSession()
      await store.replace({ id: record.id, expected: {}, ...next })
      clock.advance({ milliseconds: record.end - clock.now() + 5 * 60_000 })
      assert.deepEqual(
        (await store.sweep({ limit: 10 })).map(({ id, reason }) => [id, reason]),
        [[record.id, 'secured']],
      )
      assert.equal(await stateOf(next.session.id, next.credential.hash), 'live')
    },
  },
  {
    claim: '`leave` returns true for the last process, and a killed process no longer counts after 30 seconds',
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
