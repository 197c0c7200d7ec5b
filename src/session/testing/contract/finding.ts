import assert from 'node:assert/strict'
import { atOnce, credential, HOUR, NOWHERE, otp, type StorePromise, session } from './fixtures.ts'

/** The rules of `create`, `find`, `get`, `credentials` and `touch`. */
export const finding: StorePromise[] = [
  {
    claim: 'a created session is found, with every field unchanged',
    async check({ store, clock }) {
      const record = session(clock, {
        userName: 'Ana Lima',
        userId: '4',
        grants: '{"x":1}',
        storage: '{"a":"ü\\u0000"}',
        kind: 'rest',
        version: 7,
      })
      const cookie = credential(clock, {
        via: 'login',
        authenticatedAt: clock.now(),
        lastSeenAt: clock.now(),
        details: '{"n":1}',
        purpose: '[["password",1]]',
        device: null,
        address: null,
      })
      assert.deepEqual(await store.create({ session: record, credential: cookie }), { admitted: true, ended: [] })
      assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
        state: 'live',
        session: record,
        credential: cookie,
      })
      assert.deepEqual(await store.get({ id: record.id }), record)
      assert.deepEqual(await store.list({ filter: {}, page: {} }), { sessions: [record] })
      assert.deepEqual(await store.credentials({ ids: [record.id] }), new Map([[record.id, [cookie]]]))
    },
  },
  {
    claim: 'creating a session with an ID that exists fails and does not overwrite the session',
    async check({ store, clock, stored, stateOf }) {
      const { record, cookie } = await stored({ storage: '{"first":true}' })
      const second = credential(clock)
      await assert.rejects(store.create({ session: { ...record, storage: '{}' }, credential: second }))
      assert.equal((await store.get({ id: record.id }))?.storage, '{"first":true}')
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
      assert.equal(await stateOf(record.id, second.hash), 'unknown')
    },
  },
  {
    claim: 'a write that fails does not make concurrent writes fail',
    async check({ store, clock, stored, stateOf }) {
      const { record } = await stored()
      const others = await atOnce(async (caller) => {
        const fresh = session(clock)
        const cookie = credential(clock)
        const mustFail = caller % 3 === 0
        const creating = store.create({ session: mustFail ? { ...fresh, id: record.id } : fresh, credential: cookie })
        return {
          id: fresh.id,
          hash: cookie.hash,
          mustFail,
          failed: await creating.then(
            () => false,
            () => true,
          ),
        }
      })
      for (const { id, hash, mustFail, failed } of others) {
        assert.equal(failed, mustFail)
        if (!mustFail) assert.equal(await stateOf(id, hash), 'live')
      }
    },
  },
  {
    claim:
      'a credential finds only its own session, and an application can neither read nor end sessions of another application',
    async check({ store, stored, stateOf }) {
      const one = await stored()
      const two = await stored()
      assert.equal(await stateOf(one.record.id, two.cookie.hash), 'unknown')
      assert.equal(await stateOf(two.record.id, one.cookie.hash), 'unknown')
      assert.equal(await store.find({ app: 'OTHER', id: one.record.id, hash: one.cookie.hash }), undefined)
      assert.equal(await store.get({ app: 'OTHER', id: one.record.id }), undefined)
      assert.equal(await store.count({ app: 'OTHER', filter: {} }), 0)
      assert.equal(await store.end({ app: 'OTHER', id: one.record.id, reason: 'closed' }), undefined)
      assert.deepEqual(await store.endMany({ app: 'OTHER', filter: {}, reason: 'revoked' }), [])
      assert.equal(await stateOf(one.record.id, one.cookie.hash), 'live')
    },
  },
  {
    claim: 'two applications can store different sessions with the same ID',
    async check({ store, clock }) {
      const record = session(clock)
      const [mine, theirs] = [credential(clock), credential(clock)]
      await store.create({ session: record, credential: mine })
      await store.create({ app: 'OTHER', session: { ...record, userName: 'Theirs' }, credential: theirs })
      await store.end({ app: 'OTHER', id: record.id, reason: 'closed' })
      assert.equal((await store.find({ id: record.id, hash: mine.hash }))?.state, 'live')
    },
  },
  {
    claim: 'a session is live up to the last millisecond before its end, and not at its end',
    async check({ store, clock, stored, stateOf }) {
      const { record, cookie } = await stored()
      clock.advance({ milliseconds: record.end - clock.now() - 1 })
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
      clock.advance({ milliseconds: 1 })
      const found = await store.find({ id: record.id, hash: cookie.hash, now: clock.now() })
      assert.deepEqual(found, { state: 'ended', reason: 'idle', endedAt: record.end, message: false, origin: null })
    },
  },
  {
    claim: 'a session that reached its absolute end is reported with that reason',
    async check({ clock, stored, stateOf }) {
      const { record, cookie } = await stored({ absoluteEnd: clock.now() + HOUR / 2 })
      clock.advance({ minutes: 30 })
      assert.equal(await stateOf(record.id, cookie.hash), 'absolute')
    },
  },
  {
    claim: 'a touch changes the idle end and the last access time, and no other field of the session',
    async check({ store, clock, stored }) {
      const { record, cookie } = await stored()
      clock.advance({ minutes: 50 })
      await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
      const found = await store.find({ id: record.id, hash: cookie.hash })
      assert.equal(found?.state, 'live')
      assert.equal(found.session.end, clock.now() + HOUR + 60_000)
      assert.equal(found.session.lastAccessTime, clock.now())
      assert.equal(found.session.startTime, record.startTime)
      assert.equal(found.session.version, record.version)
      assert.equal(found.credential.lastSeenAt, clock.now())
    },
  },
  {
    claim: 'a touch stores the device and the address, and a touch without them keeps the stored values',
    async check({ store, stored, credentialsOf }) {
      const { record, cookie } = await stored()
      const where = async () => {
        const [seen] = await credentialsOf(record.id)
        return [seen?.device, seen?.address]
      }
      await store.touch({ id: record.id, hash: cookie.hash, from: { device: 'Another', address: '192.0.2.1' } })
      assert.deepEqual(await where(), ['Another', '192.0.2.1'])
      await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
      assert.deepEqual(await where(), ['Another', '192.0.2.1'])
    },
  },
  {
    claim: 'a touch with an earlier time changes no stored time',
    async check({ store, clock }) {
      const record = session(clock)
      const cookie = credential(clock, { lastSeenAt: clock.now() })
      await store.create({ session: record, credential: cookie })
      await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE, now: clock.now() - 30_000 })
      assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
        state: 'live',
        session: record,
        credential: cookie,
      })
    },
  },
  {
    claim: 'a touch never moves the end past the absolute end',
    async check({ store, clock }) {
      const record = session(clock, { absoluteEnd: clock.now() + 1.5 * HOUR })
      const cookie = credential(clock)
      await store.create({ session: record, credential: cookie })
      clock.advance({ minutes: 59 })
      await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
      assert.equal((await store.get({ id: record.id }))?.end, record.absoluteEnd)
    },
  },
  {
    claim: 'a touch revives nothing: no expired session, no ended session and no device that was signed out',
    async check({ store, clock, stored, stateOf }) {
      const ended = await stored()
      await store.end({ id: ended.record.id, reason: 'closed' })
      const detached = await stored()
      await store.detach({ id: detached.record.id, handle: detached.cookie.handle, reason: 'revoked' })
      const expired = await stored()
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      for (const { record, cookie } of [ended, detached, expired]) {
        await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
        assert.notEqual(await stateOf(record.id, cookie.hash), 'live')
      }
      assert.equal(await store.get({ id: ended.record.id }), undefined)
      assert.equal((await store.get({ id: expired.record.id }))?.end, expired.record.end)
      assert.equal((await store.get({ id: detached.record.id }))?.end, detached.record.end)
    },
  },
  {
    claim: 'a touch by a device that was signed out changes nothing, and the session stays live for other devices',
    async check({ store, clock, stored, attached }) {
      const { record, cookie } = await stored()
      const gone = await attached(record.id)
      await store.detach({ id: record.id, handle: gone.handle, reason: 'revoked' })
      clock.advance({ seconds: 80 })
      for (const hash of [gone.hash, 'unknown']) await store.touch({ id: record.id, hash, from: NOWHERE })
      assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
        state: 'live',
        session: record,
        credential: cookie,
      })
      assert.equal((await store.find({ id: record.id, hash: gone.hash }))?.state, 'ended')
    },
  },
  {
    claim:
      'until the sweep, find returns why a session expired, or why a device was signed out before the session expired',
    async check({ store, clock, stored, attached, stateOf }) {
      const { record, cookie } = await stored({ absoluteEnd: clock.now() + 60_000 })
      const gone = await attached(record.id)
      await store.detach({ id: record.id, handle: gone.handle, reason: 'limit' })
      clock.advance({ milliseconds: 89_999 })
      const found = await store.find({ id: record.id, hash: cookie.hash })
      const endedAt = record.end
      assert.deepEqual(found, { state: 'ended', reason: 'absolute', endedAt, message: false, origin: null })
      assert.equal(await stateOf(record.id, gone.hash), 'limit')
      assert.equal(await stateOf(record.id, 'a-guess'), 'unknown')
      assert.deepEqual(await store.get({ id: record.id }), record)
      clock.advance({ minutes: 6 })
      await store.sweep({ limit: 10 })
      assert.equal(await stateOf(record.id, cookie.hash), 'unknown')
      assert.equal(await store.get({ id: record.id }), undefined)
    },
  },
  {
    claim: 'credentials returns the oldest credential first, and returns no credentials for an unknown session',
    async check({ store, clock, stored, attached }) {
      const { record, cookie } = await stored()
      const oldest = await attached(record.id, credential(clock, { createdAt: clock.now() - 2000 }))
      const link = await attached(record.id, otp(clock, { createdAt: clock.now() - 1000 }))
      const unknown = session(clock).id
      assert.deepEqual(
        await store.credentials({ ids: [unknown, record.id] }),
        new Map([
          [unknown, []],
          [record.id, [oldest, link, cookie]],
        ]),
      )
      assert.deepEqual(await store.credentials({ ids: [] }), new Map())
    },
  },
]
