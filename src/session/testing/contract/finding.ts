import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  credential,
  HOUR,
  NO_LIMITS,
  NOWHERE,
  type StorePromise,
  session,
  stateOf,
  stored,
} from './fixtures.ts'

/** create, find, get, credentials, touch. */
export const finding: StorePromise[] = [
  {
    claim: 'what was created is found, with every field as it was given',
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
        device: null,
        address: null,
      })
      assert.deepEqual(await store.create(APP, record, cookie, NO_LIMITS, clock.now()), { admitted: true, ended: [] })
      assert.deepEqual(await store.find(APP, record.id, cookie.hash, clock.now()), {
        state: 'live',
        session: record,
        credential: cookie,
      })
      assert.deepEqual(await store.get(APP, record.id), record)
      assert.deepEqual(await store.list(APP, {}, {}, clock.now()), { sessions: [record] })
      assert.deepEqual(await store.credentials(APP, [record.id]), new Map([[record.id, [cookie]]]))
    },
  },
  {
    claim: 'an id that exists is an error, never an overwrite',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial, { storage: '{"first":true}' })
      const second = credential(clock)
      await assert.rejects(store.create(APP, { ...record, storage: '{}' }, second, NO_LIMITS, clock.now()))
      assert.equal((await store.get(APP, record.id))?.storage, '{"first":true}')
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
      assert.equal(await stateOf(trial, record.id, second.hash), 'unknown')
    },
  },
  {
    claim: 'a write that fails takes no other write of the same moment with it',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial)
      const others = await atOnce(async (caller) => {
        const fresh = session(clock)
        const cookie = credential(clock)
        const doomed = caller % 3 === 0
        const creating = store.create(APP, doomed ? { ...fresh, id: record.id } : fresh, cookie, NO_LIMITS, clock.now())
        return {
          id: fresh.id,
          hash: cookie.hash,
          doomed,
          failed: await creating.then(
            () => false,
            () => true,
          ),
        }
      })
      for (const { id, hash, doomed, failed } of others) {
        assert.equal(failed, doomed)
        if (!doomed) assert.equal(await stateOf(trial, id, hash), 'live')
      }
    },
  },
  {
    claim: 'another hash, another id or another application finds nothing',
    async check(trial) {
      const { store, clock } = trial
      const one = await stored(trial)
      const two = await stored(trial)
      assert.equal(await stateOf(trial, one.record.id, two.cookie.hash), 'unknown')
      assert.equal(await stateOf(trial, two.record.id, one.cookie.hash), 'unknown')
      assert.equal(await store.find('OTHER', one.record.id, one.cookie.hash, clock.now()), undefined)
      assert.equal(await store.get('OTHER', one.record.id), undefined)
      assert.equal(await store.count('OTHER', {}, clock.now()), 0)
      assert.equal(await store.end('OTHER', one.record.id, 'closed', clock.now()), undefined)
      assert.deepEqual(await store.endMany('OTHER', {}, 'revoked', clock.now()), [])
      assert.equal(await stateOf(trial, one.record.id, one.cookie.hash), 'live')
    },
  },
  {
    claim: 'the same id in two applications is two sessions',
    async check({ store, clock }) {
      const record = session(clock)
      const [mine, theirs] = [credential(clock), credential(clock)]
      await store.create(APP, record, mine, NO_LIMITS, clock.now())
      await store.create('OTHER', { ...record, userName: 'Theirs' }, theirs, NO_LIMITS, clock.now())
      await store.end('OTHER', record.id, 'closed', clock.now())
      assert.equal((await store.find(APP, record.id, mine.hash, clock.now()))?.state, 'live')
    },
  },
  {
    claim: 'a session is live up to the last millisecond before its end, and not at its end',
    async check(trial) {
      const { record, cookie } = await stored(trial)
      trial.clock.advance({ milliseconds: record.end - trial.clock.now() - 1 })
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
      trial.clock.advance({ milliseconds: 1 })
      const found = await trial.store.find(APP, record.id, cookie.hash, trial.clock.now())
      assert.deepEqual(found, { state: 'ended', reason: 'idle', endedAt: record.end, message: false, successor: null })
    },
  },
  {
    claim: 'an end that the absolute limit set is told as such',
    async check(trial) {
      const { record, cookie } = await stored(trial, { absoluteEnd: trial.clock.now() + HOUR / 2 })
      trial.clock.advance({ minutes: 30 })
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'absolute')
    },
  },
  {
    claim: 'a touch moves the end, and only the end of activity',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      clock.advance({ minutes: 50 })
      await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
      const found = await store.find(APP, record.id, cookie.hash, clock.now())
      assert.equal(found?.state, 'live')
      assert.equal(found.session.end, clock.now() + HOUR + 60_000)
      assert.equal(found.session.lastAccessTime, clock.now())
      assert.equal(found.session.startTime, record.startTime)
      assert.equal(found.session.version, record.version)
      assert.equal(found.credential.lastSeenAt, clock.now())
    },
  },
  {
    claim: 'a touch notes from where a device was used, and leaves what it is not told',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const where = async () => {
        const [seen] = (await store.credentials(APP, [record.id])).get(record.id) ?? []
        return [seen?.device, seen?.address]
      }
      await store.touch(APP, record.id, cookie.hash, { device: 'Another', address: '192.0.2.1' }, clock.now())
      assert.deepEqual(await where(), ['Another', '192.0.2.1'])
      await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
      assert.deepEqual(await where(), ['Another', '192.0.2.1'])
    },
  },
  {
    claim: 'a touch by a clock that is behind moves nothing backwards',
    async check({ store, clock }) {
      const record = session(clock)
      const cookie = credential(clock, { lastSeenAt: clock.now() })
      await store.create(APP, record, cookie, NO_LIMITS, clock.now())
      await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now() - 30_000)
      assert.deepEqual(await store.find(APP, record.id, cookie.hash, clock.now()), {
        state: 'live',
        session: record,
        credential: cookie,
      })
    },
  },
  {
    claim: 'a touch never moves the end past the absolute limit',
    async check({ store, clock }) {
      const record = session(clock, { absoluteEnd: clock.now() + 1.5 * HOUR })
      const cookie = credential(clock)
      await store.create(APP, record, cookie, NO_LIMITS, clock.now())
      clock.advance({ minutes: 59 })
      await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
      assert.equal((await store.get(APP, record.id))?.end, record.absoluteEnd)
    },
  },
  {
    claim: 'a touch revives nothing: neither what expired, nor what was ended, nor a device that was signed out',
    async check(trial) {
      const { store, clock } = trial
      const ended = await stored(trial)
      await store.end(APP, ended.record.id, 'closed', clock.now())
      const detached = await stored(trial)
      await store.detach(APP, detached.record.id, detached.cookie.handle, 'revoked', clock.now())
      const expired = await stored(trial)
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      for (const { record, cookie } of [ended, detached, expired]) {
        await store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
        assert.notEqual(await stateOf(trial, record.id, cookie.hash), 'live')
      }
      assert.equal(await store.get(APP, ended.record.id), undefined)
      assert.equal((await store.get(APP, expired.record.id))?.end, expired.record.end)
      assert.equal((await store.get(APP, detached.record.id))?.end, detached.record.end)
    },
  },
]
