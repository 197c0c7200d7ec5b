import assert from 'node:assert/strict'
import type { Limits, ListFilter, Page } from '../../store.ts'
import {
  atOnce,
  CALLERS,
  credential,
  HOUR,
  NOWHERE,
  otp,
  rounds,
  type StorePromise,
  session,
  type TrialStore,
} from './fixtures.ts'

/** The rules of `list`, `count` and the limits. */
export const counting: StorePromise[] = [
  {
    claim: 'at the limit of licences no session is admitted, and the removal of an invalidated record frees a licence',
    async check({ store, newSession, stored }) {
      const limits = { sessions: 2 }
      const create = () => store.create({ ...newSession(), limits })
      const { record } = await stored()
      await store.replace({ id: record.id, expected: {}, ...newSession() })
      assert.deepEqual(await create(), { admitted: false })
      assert.equal(await store.count({ filter: {} }), 2)
      await store.remove({ id: record.id })
      assert.deepEqual(await create(), { admitted: true, ended: [] })
    },
  },
  {
    claim: 'of many sessions created at once exactly as many are admitted as there are licences',
    async check({ store, newSession }) {
      const admissions = await atOnce(() => store.create({ ...newSession(), limits: { sessions: 7 } }))
      assert.equal(admissions.filter(({ admitted }) => admitted).length, 7)
      assert.equal(await store.count({ filter: {} }), 7)
    },
  },
  {
    claim: 'only guests count towards the limit of guests, and users are admitted at this limit',
    async check({ store, newSession }) {
      const limits = { guests: 1 }
      const create = (fields = {}) => store.create({ ...newSession(fields), limits })
      assert.equal((await create({ userId: '1' })).admitted, true)
      assert.equal((await create({ grants: '{"roles":["x"]}' })).admitted, true)
      assert.equal((await create()).admitted, true)
      assert.equal((await create()).admitted, false)
      assert.equal((await create({ userId: '2' })).admitted, true)
    },
  },
  {
    claim:
      'at the limit of sessions per user the oldest session ends, and of many sign-ins at once exactly the limit stays live',
    async check({ store, clock, newSession, stored }) {
      const limits = { sessionsPerUser: 3 }
      const oldest = await stored({ userId: '4' })
      const other = await stored({ userId: '5' })
      await rounds(async () => {
        clock.advance({ seconds: 1 })
        const admissions = await atOnce(() => store.create({ ...newSession({ userId: '4' }), limits }))
        const ended = admissions.flatMap((admission) => (admission.admitted ? admission.ended : []))
        assert.ok(ended.every(({ userId, reason }) => userId === '4' && reason === 'limit'))
        assert.equal(await store.count({ filter: { userId: '4' } }), 3)
      })
      assert.equal(await store.get({ id: oldest.record.id }), undefined)
      assert.ok(await store.get({ id: other.record.id }))
      const token = session(clock, { userId: '4', kind: 'rest' })
      await store.create({ session: token, credential: credential(clock, { kind: 'bearer', via: 'token' }) })
      for (let more = 0; more < 5; more++) {
        clock.advance({ seconds: 1 })
        await store.create({ ...newSession({ userId: '4' }), limits })
      }
      assert.ok(await store.get({ id: token.id }), 'an API token does not end for the limit')
      assert.equal(await store.count({ filter: { userId: '4', kind: 'web' } }), 3, 'nor does it count')
    },
  },
  {
    claim: 'the limit of sessions per user also holds when an update or a replacement gives a session to the user',
    async check({ store, newSession, stored }) {
      const limits = { sessionsPerUser: 1 }
      const first = await stored({ userId: '4' })
      const second = await stored()
      const updated = await store.update({
        id: second.record.id,
        expected: { version: 1 },
        writeId: 'w',
        changes: { userId: '4' },
        limits,
      })
      assert.deepEqual(
        updated.ended.map(({ id }) => id),
        [first.record.id],
      )
      const guest = await stored()
      const next = newSession({ userId: '4' })
      const replaced = await store.replace({ id: guest.record.id, expected: {}, ...next, limits })
      assert.deepEqual(replaced.state === 'replaced' && replaced.ended.map(({ id }) => id), [second.record.id])
      assert.equal(await store.count({ filter: { userId: '4' } }), 1)
    },
  },
  {
    claim: 'the pages of a list show every session exactly once, in every sort order',
    async check({ store, clock, stored }) {
      const ids = new Set<string>()
      for (let n = 0; n < CALLERS; n++) {
        if (n % 3 === 0) clock.advance({ seconds: 1 })
        ids.add((await stored({ idleMilliseconds: HOUR + ((n * 7) % 5) * 1000 })).record.id)
      }
      const keys = { created: 'startTime', seen: 'lastAccessTime', end: 'end' } as const
      for (const sort of ['created', 'seen', 'end'] as const) {
        for (const direction of ['asc', 'desc'] as const) {
          const listed = await listAll(store, {}, { sort, direction, size: 3 })
          assert.deepEqual(new Set(listed.map(({ id }) => id)), ids)
          assert.equal(listed.length, ids.size)
          const values = listed.map((record) => Number(record[keys[sort]]))
          assert.deepEqual(
            values,
            [...values].sort((a, b) => (direction === 'asc' ? a - b : b - a)),
          )
        }
      }
    },
  },
  {
    claim: 'list and count select sessions by user, kind, state and via, and a filter never selects expired sessions',
    async check({ store, clock, newSession, stored, attached }) {
      const guest = await stored()
      const user = await stored({ userId: '4' })
      const rest = await stored({ userId: '4', kind: 'rest' })
      const old = await stored({ userId: '5' })
      const next = newSession({ userId: '5' })
      await store.replace({ id: old.record.id, expected: {}, ...next })
      await attached(user.record.id, credential(clock, { via: 'link' }))
      const token = session(clock, { userId: '6', kind: 'rest' })
      await store.create({ session: token, credential: credential(clock, { kind: 'bearer', via: 'token' }) })
      await attached(rest.record.id, otp(clock)) // a link that is not redeemed yet
      const expired = await stored({ absoluteEnd: clock.now() + 1 })
      await stored({ kind: 'rest', absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      const expect = async (filter: ListFilter, ids: string[]) => {
        const listed = await listAll(store, filter, {})
        assert.deepEqual(listed.map(({ id }) => id).sort(), [...ids].sort())
        if (Object.keys(filter).length > 0) assert.equal(await store.count({ filter }), ids.length)
      }
      await expect({}, [guest.record.id, user.record.id, rest.record.id, old.record.id, next.session.id, token.id])
      await expect({ userId: '4' }, [user.record.id, rest.record.id])
      await expect({ kind: 'rest' }, [rest.record.id, token.id])
      await expect({ kind: 'web' }, [guest.record.id, user.record.id, old.record.id, next.session.id])
      await expect({ via: 'token' }, [token.id])
      await expect({ userId: '4', via: 'token' }, [])
      await expect({ userId: '6', kind: 'rest', via: 'token', state: 'user' }, [token.id])
      await expect({ state: 'guest' }, [guest.record.id])
      await expect({ state: 'user' }, [user.record.id, rest.record.id, next.session.id, token.id])
      await expect({ state: 'restored' }, [user.record.id])
      await expect({ state: 'invalidated' }, [old.record.id])
      await expect({ userId: '5', state: 'user' }, [next.session.id])
      assert.equal(await store.count({ filter: {} }), 8)
      assert.ok(await store.get({ id: expired.record.id }))
    },
  },
  {
    claim: 'a probe reports that the store is writable, and no other call returns the data of the probe',
    async check({ store, clock, stored }) {
      if (!store.probe) return
      const { record, cookie } = await stored()
      for (let n = 0; n < 3; n++) {
        const states = await atOnce(async () => store.probe?.({}))
        assert.deepEqual([...new Set(states.map((found) => found?.state))], ['writable'])
        assert.deepEqual(await store.list({ filter: {}, page: {} }), { sessions: [record] })
        assert.equal(await store.count({ filter: {} }), 1)
        assert.deepEqual(await store.sweep({ limit: 10 }), [])
        clock.advance({ minutes: 2 })
      }
      assert.equal((await store.find({ id: record.id, hash: cookie.hash }))?.state, 'live')
    },
  },
  {
    claim: 'sessions with the same time are sorted by ID, and a page can begin after a session that has ended',
    async check({ store, clock }) {
      const ids = ['9F', 'A0', '0B', 'FF', '1A', 'B9'].map((end) => end.padStart(32, '0'))
      for (const id of ids) await store.create({ session: session(clock, { id }), credential: credential(clock) })
      const ascending = [...ids].sort()
      for (const sort of ['created', 'seen', 'end'] as const) {
        for (const direction of ['asc', 'desc'] as const) {
          const listed = await listAll(store, {}, { sort, direction, size: 2 })
          const expected = direction === 'asc' ? ascending : [...ascending].reverse()
          assert.deepEqual(
            listed.map(({ id }) => id),
            expected,
          )
        }
      }
      const first = await store.list({ filter: {}, page: { direction: 'asc', size: 2 } })
      assert.deepEqual(first.next, { value: clock.now(), id: ascending[1] })
      await store.end({ id: first.next.id, reason: 'closed' })
      const second = await store.list({ filter: {}, page: { direction: 'asc', size: 4, after: first.next } })
      assert.deepEqual([second.sessions.map(({ id }) => id), second.next], [ascending.slice(2), undefined])
    },
  },
  {
    claim: 'a page has 50 sessions by default, newest first, and an invalidated record counts as the oldest session',
    async check({ store, clock, newSession, stored }) {
      const replaced = await stored({ userId: '4' })
      await store.replace({ id: replaced.record.id, expected: {}, ...newSession({ userId: '4' }) })
      const [used] = [await atOnce(() => stored()), await atOnce(() => stored()), await atOnce(() => stored())].flat()
      assert.ok(used)
      clock.advance({ seconds: 1 })
      const newest = await stored()
      clock.advance({ seconds: 1 })
      await store.touch({ id: used.record.id, hash: used.cookie.hash, from: NOWHERE })
      const { sessions, next } = await store.list({ filter: {}, page: {} })
      assert.equal(sessions.length, 50)
      assert.equal(sessions[0]?.id, newest.record.id)
      assert.equal(next?.id, sessions.at(-1)?.id)
      for (const sort of ['created', 'seen'] as const) {
        const page = { sort, direction: 'asc', size: 1 } as const
        const oldest = await store.list({ filter: {}, page })
        assert.deepEqual([oldest.sessions[0]?.id, oldest.next?.value], [replaced.record.id, 0])
      }
    },
  },
  {
    claim:
      'an expired record counts towards the limits until a sweep, and an invalidated record does not count as a guest',
    async check({ store, clock, newSession, stored }) {
      const create = (limits: Limits) => store.create({ ...newSession(), limits })
      const { record } = await stored({ absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      assert.equal((await create({ sessions: 1 })).admitted, false)
      assert.equal((await create({ guests: 1 })).admitted, false)
      clock.advance({ minutes: 5 })
      await store.sweep({ limit: 10 })
      assert.equal(await store.get({ id: record.id }), undefined)
      const guest = await stored()
      await store.replace({ id: guest.record.id, expected: {}, ...newSession({ userId: '4' }) })
      assert.equal((await create({ guests: 1 })).admitted, true)
      assert.equal((await create({ guests: 1 })).admitted, false)
    },
  },
  {
    claim: 'the limit per user ends a session with the reason limit, and does not count expired sessions',
    async check({ store, clock, newSession, stored, stateOf }) {
      const limits = { sessionsPerUser: 2 }
      const expired = await stored({ userId: '4', userName: 'Ana', absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      const invalidated = await stored({ userId: '4' })
      await store.replace({ id: invalidated.record.id, expected: {}, ...newSession() })
      const newer = await stored({ userId: '4' })
      const oldest = await stored({ userId: '4', userName: 'Ana', kind: 'rest', startTime: clock.now() - 1 })
      clock.advance({ milliseconds: 1 })
      const { id, kind, userName, userId } = oldest.record
      assert.deepEqual(await store.create({ ...newSession({ userId: '4' }), limits }), {
        admitted: true,
        ended: [{ id, kind, userName, userId, reason: 'limit' }],
      })
      assert.equal(await stateOf(id, oldest.cookie.hash), 'limit')
      assert.equal(await stateOf(newer.record.id, newer.cookie.hash), 'live')
      assert.equal(await stateOf(expired.record.id, expired.cookie.hash), 'absolute')
      assert.deepEqual(await store.create({ ...newSession(), limits }), { admitted: true, ended: [] })
    },
  },
]

async function listAll(store: TrialStore, filter: ListFilter, page: Page) {
  const all = []
  for (let after: Page['after']; ; ) {
    const { sessions, next } = await store.list({ filter, page: after ? { ...page, after } : page })
    all.push(...sessions)
    if (!next) return all
    after = next
  }
}
