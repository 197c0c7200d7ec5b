import assert from 'node:assert/strict'
import { NEVER } from '../../record.ts'
import { HOUR, otp, type StorePromise } from './fixtures.ts'

/** The rules of `sweep`. */
export const sweeping: StorePromise[] = [
  {
    claim: 'the sweep removes only sessions that ended at least five minutes ago, and no more sessions than its limit',
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
    claim: 'a sweep keeps the data of other applications for at least a day after the data has expired',
    async check({ store, clock, newSession }) {
      const [brief, long] = [newSession(), newSession({ absoluteEnd: clock.now() + 100 * HOUR, idleMilliseconds: 0 })]
      for (const made of [brief, long]) await store.create({ app: 'OTHER', ...made })
      clock.advance({ hours: 24 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.equal(await store.count({ app: 'OTHER', filter: {} }), 2)
      clock.advance({ hours: 72 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.ok(await store.get({ app: 'OTHER', id: long.session.id }))
    },
  },
  {
    claim:
      '[PROC-7] a sweep removes data of unused applications a day after its expiry, and does not return these sessions',
    async check({ store, clock, newSession, entries }) {
      if (!entries) return
      const use = async (app: string) => {
        const [expired, ended, replaced] = [newSession({ userId: '4' }), newSession(), newSession({ kind: 'rest' })]
        for (const made of [expired, ended, replaced]) await store.create({ app, ...made })
        await store.attach({ app, id: expired.session.id, credential: otp(clock) })
        await store.end({ app, id: ended.session.id, reason: 'closed', message: 'Not read.' })
        await store.replace({ app, id: replaced.session.id, expected: {}, ...newSession() })
      }
      const everlasting = newSession({ absoluteEnd: NEVER, idleMilliseconds: 0 })
      await store.create({ app: 'OTHER', ...everlasting })
      await use('OTHER')
      clock.advance({ hours: 49 })
      assert.deepEqual(await store.sweep({ limit: 100 }), [])
      assert.equal((await store.get({ app: 'OTHER', id: everlasting.session.id }))?.version, 1)
      const before = await entries()
      await use('OTHER')
      await store.attach({ app: 'OTHER', id: everlasting.session.id, credential: otp(clock) })
      clock.advance({ hours: 49 })
      assert.deepEqual(await store.sweep({ limit: 100 }), [])
      assert.equal(await entries(), before)
    },
  },
  {
    claim: '[PROC-7] a sweep removes at most as many records of all other applications together as its limit',
    async check({ store, clock, newSession }) {
      const apps = ['OTHER', 'THIRD']
      for (const app of [...apps, ...apps]) await store.create({ app, ...newSession() })
      clock.advance({ hours: 49 })
      await store.sweep({ limit: 1 })
      const left = await Promise.all(apps.map((app) => store.count({ app, filter: {} })))
      assert.ok(left.reduce((all, some) => all + some, 0) >= 3)
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
    claim: '[SECURE-6] the sweep removes invalidated sessions after their end and keeps live sessions',
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
    claim: 'the sweep removes an OTP that expired at least five minutes ago, and keeps valid OTPs and devices',
    async check({ store, clock, stored, attached, credentialsOf }) {
      const { record, cookie } = await stored()
      const short = await attached(record.id, otp(clock, { expiresAt: clock.now() + 60_000 }))
      const open = await attached(record.id, otp(clock))
      const kept = async () => (await credentialsOf(record.id)).map(({ hash }) => hash).sort()
      clock.advance({ minutes: 6, milliseconds: -1 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.deepEqual(await kept(), [cookie.hash, open.hash, short.hash].sort())
      clock.advance({ milliseconds: 1 })
      assert.deepEqual(await store.sweep({ app: 'OTHER', limit: 10 }), [])
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.deepEqual(await kept(), [cookie.hash, open.hash].sort())
      assert.ok(await store.findOTP({ hash: open.hash }))
    },
  },
  {
    claim: 'a sweep a day after the last session ended leaves no sessions, devices, OTPs, tombstones or messages',
    async check({ store, clock, newSession, stored, attached, entries }) {
      if (!entries) return
      await store.end({ id: (await stored()).record.id, reason: 'closed' })
      clock.advance({ hours: 26 })
      await store.sweep({ limit: 100 })
      const before = await entries()
      const limits = { credentials: 2, otps: 1 }
      const ended = await stored({ userId: '4' })
      const removed = await stored()
      const replaced = await stored()
      const expired = await stored({ absoluteEnd: clock.now() + HOUR, kind: 'rest', userId: '4' })
      for (const { record } of [ended, removed, replaced, expired]) {
        const second = await attached(record.id)
        await store.rotate({ id: record.id, by: second.hash, credential: newSession().credential, others: 'keep' })
        const spent = await attached(record.id, otp(clock))
        await store.redeem({ hash: spent.hash, credential: newSession().credential, limits })
        const dropped = await attached(record.id, otp(clock))
        await store.detach({ id: record.id, handle: dropped.handle, reason: 'revoked' })
        await store.attach({ id: record.id, credential: otp(clock, { purpose: 'mail' }), limits })
        await store.attach({ id: record.id, credential: otp(clock, { purpose: 'mail' }), limits })
      }
      await attached(expired.record.id, otp(clock, { expiresAt: clock.now() + 48 * HOUR }))
      await store.end({ id: ended.record.id, reason: 'closed', message: 'Read.' })
      await store.takeMessage({ id: ended.record.id, hash: ended.cookie.hash })
      await store.remove({ id: removed.record.id, message: 'Not read.' })
      await store.replace({ id: replaced.record.id, expected: {}, ...newSession() })
      clock.advance({ hours: 26 })
      await store.sweep({ limit: 100 })
      assert.equal(await store.count({ filter: {} }), 0)
      assert.equal(await entries(), before)
    },
  },
]
