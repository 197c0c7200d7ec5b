import assert from 'node:assert/strict'
import { APP, atOnce, credential, NOWHERE, otp, rounds, type StorePromise } from './fixtures.ts'

/** The rules of `end`, `endMany`, `remove` and `presence`. */
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
      assert.equal(await stateOf((await stored()).record.id, cookie.hash), 'unknown')
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
    claim: '`end` with `unseen` ends an unused session, but not a session that a request has used',
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
    claim: 'endMany ends only the sessions that match its filter, and ends all sessions without a filter',
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
    claim: 'endMany ends each of 120 sessions with all its devices and one-time links',
    async check({ store, clock, stored, attached, stateOf, credentialsOf }) {
      const all = await Promise.all(Array.from({ length: 120 }, () => stored({ userId: '1' })))
      const ids = all.map(({ record }) => record.id)
      const { record, cookie } = all[60] as (typeof all)[number]
      const second = await attached(record.id)
      const link = await attached(record.id, otp(clock))
      const ended = await store.endMany({ filter: { userId: '1' }, reason: 'revoked', message: 'Bye.' })
      assert.deepEqual(ended.map(({ id }) => id).sort(), ids.sort())
      for (const { record, cookie } of all) assert.equal(await stateOf(record.id, cookie.hash), 'revoked')
      assert.equal(await stateOf(record.id, second.hash), 'revoked')
      assert.equal(await stateOf(record.id, link.hash), 'unknown')
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.deepEqual(await credentialsOf(record.id), [])
      for (const { hash } of [cookie, second]) assert.equal(await store.takeMessage({ id: record.id, hash }), 'Bye.')
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
  {
    claim: '`end` with `unseen` does not end a used session whose used credential was rotated or signed out',
    async check({ store, clock, stored, attached, stateOf }) {
      const rotated = await stored()
      const signedOut = await stored()
      const atOnceSeen = await stored()
      const second = await attached(signedOut.record.id)
      await store.touch({ id: atOnceSeen.record.id, hash: atOnceSeen.cookie.hash, from: NOWHERE })
      clock.advance({ milliseconds: 1 })
      for (const { record, cookie } of [rotated, signedOut])
        await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
      const next = credential(clock)
      await store.rotate({ id: rotated.record.id, by: rotated.cookie.hash, credential: next, others: 'end' })
      await store.detach({ id: signedOut.record.id, handle: signedOut.cookie.handle, reason: 'revoked' })
      for (const [{ record }, { hash }] of [
        [rotated, next],
        [signedOut, second],
        [atOnceSeen, atOnceSeen.cookie],
      ] as const) {
        assert.equal(await store.end({ id: record.id, reason: 'secured', unseen: true }), undefined)
        assert.equal(await stateOf(record.id, hash), 'live')
      }
    },
  },
  {
    claim: 'endMany and end leave expired and invalidated records alone',
    async check({ store, clock, newSession, stored, stateOf }) {
      const fields = { userId: '4', userName: 'Ana', kind: 'rest' } as const
      const expired = await stored({ ...fields, absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      const invalidated = await stored(fields)
      const next = newSession(fields)
      await store.replace({ id: invalidated.record.id, expected: {}, ...next })
      const live = { ...fields, id: next.session.id, reason: 'revoked' }
      assert.deepEqual(await store.endMany({ filter: { userId: '4', kind: 'web' }, reason: 'revoked' }), [])
      assert.deepEqual(await store.endMany({ filter: { userId: '4', kind: 'rest' }, reason: 'revoked' }), [live])
      for (const filter of [{}, { kind: 'rest' } as const, { userId: '4' }])
        assert.deepEqual(await store.endMany({ filter, reason: 'stopped' }), [])
      for (const { record } of [expired, invalidated]) {
        assert.equal(await store.end({ id: record.id, reason: 'closed' }), undefined)
        assert.equal((await store.get({ id: record.id }))?.userId, '4')
      }
      assert.equal(await stateOf(expired.record.id, expired.cookie.hash), 'absolute')
      assert.equal(await stateOf(invalidated.record.id, invalidated.cookie.hash), 'secured')
      assert.equal(await store.count({ filter: {} }), 2)
    },
  },
  {
    claim: 'of many calls of endMany at once each session is returned by exactly one',
    async check({ store, stored }) {
      await rounds(async () => {
        const ids = [(await stored()).record.id, (await stored()).record.id]
        const ended = await atOnce(() => store.endMany({ filter: {}, reason: 'revoked' }))
        assert.deepEqual(
          ended
            .flat()
            .map(({ id }) => id)
            .sort(),
          ids.sort(),
        )
      })
    },
  },
  {
    claim: '`isRunning` decides which processes count, and the last beat decides where `isRunning` returns undefined',
    async check({ store, clock }) {
      const { presence } = store
      if (!presence) return
      const process = (processId: string, isRunning?: (id: string) => boolean | undefined) => ({
        app: APP,
        now: clock.now(),
        processId,
        isRunning,
      })
      await presence.beat(process('a'))
      await presence.beat(process('asleep'))
      clock.advance({ hours: 1 })
      assert.equal(await presence.leave(process('a', (id) => id === 'asleep')), false)
      await presence.beat(process('killed'))
      assert.equal(await presence.leave(process('asleep', (id) => id !== 'killed')), true)

      await presence.beat(process('elsewhere', () => undefined))
      assert.equal(await presence.leave(process('a', () => undefined)), false)
      clock.advance({ seconds: 30 })
      assert.equal(await presence.leave(process('a', () => undefined)), true)

      await presence.beat(process('killed'))
      await presence.beat(process('a', (id) => id === 'a'))
      assert.equal(await presence.leave(process('a')), true, 'a beat removes the processes that do not run')
    },
  },
]
