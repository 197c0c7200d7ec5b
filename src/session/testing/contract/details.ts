import assert from 'node:assert/strict'
import { atOnce, credential, HOUR, NOWHERE, otp, rounds, type StorePromise, type Trial } from './fixtures.ts'

/** The rules of `setDetails`. */
export const details: StorePromise[] = [
  {
    claim: 'setDetails changes the details of one credential and nothing else, and every later read returns them',
    async check(trial) {
      const { store, attached, credentialsOf } = trial
      const { record, cookie } = await used(trial)
      const other = await attached(record.id)
      const find = () => store.find({ id: record.id, hash: cookie.hash })
      const before = await find()
      assert.equal(before?.state, 'live')
      for (const [from, to] of [
        [null, 'one "text" \\ ü'],
        ['one "text" \\ ü', 'two'],
      ] as const) {
        assert.equal(await store.setDetails({ id: record.id, hash: cookie.hash, from, to }), true)
        const after = await find()
        assert.deepEqual(after, { ...before, credential: { ...before.credential, details: to } })
        const all = new Map((await credentialsOf(record.id)).map((one) => [one.hash, one]))
        assert.deepEqual(all.get(cookie.hash), { ...before.credential, details: to })
        assert.deepEqual(all.get(other.hash), other)
      }
    },
  },
  {
    claim: 'of many calls of setDetails with the same old details exactly one succeeds',
    async check(trial) {
      await rounds(async () => {
        const { record, cookie } = await used(trial)
        const won = await atOnce((caller) =>
          trial.store.setDetails({ id: record.id, hash: cookie.hash, from: null, to: `caller ${caller}` }),
        )
        assert.equal(won.filter(Boolean).length, 1)
        const [stored] = await trial.credentialsOf(record.id)
        assert.equal(stored?.details, `caller ${won.indexOf(true)}`)
      })
    },
  },
  {
    claim: '[BIND-11] neither setDetails nor updates at the same moment are lost',
    async check(trial) {
      const { store } = trial
      await rounds(async () => {
        const { record, cookie } = await used(trial)
        const set = () => store.setDetails({ id: record.id, hash: cookie.hash, from: null, to: 'bound' })
        const write = async (caller: number) => {
          for (let isWritten = false; !isWritten; ) {
            const current = await store.get({ id: record.id })
            const count = Number(JSON.parse(current?.storage ?? '{}').count ?? 0) + 1
            const expected = { version: current?.version ?? 0, by: cookie.hash }
            const changes = { storage: JSON.stringify({ count }) }
            const writeId = `${record.id} ${caller} ${count}`
            isWritten = (await store.update({ id: record.id, expected, writeId, changes })).updated
          }
        }
        const [isSet] = await Promise.all([set(), atOnce(write)])
        const [found] = await trial.credentialsOf(record.id)
        assert.deepEqual([isSet, found?.details], [true, 'bound'])
        assert.equal((await store.get({ id: record.id }))?.storage, '{"count":20}')
      })
    },
  },
  {
    claim: 'setDetails is refused for other details, and for an unknown, ended or expired credential or session',
    async check(trial) {
      const { store, clock, attached, stateOf, credentialsOf } = trial
      const { record, cookie } = await used(trial, { idleMilliseconds: 0 })
      const other = await used(trial)
      const set = (fields: object) =>
        store.setDetails({ id: record.id, hash: cookie.hash, from: null, to: 'bound', ...fields })
      for (const wrong of [
        { from: '' },
        { from: 'other' },
        { hash: 'unknown' },
        { hash: other.cookie.hash },
        { id: other.record.id },
        { app: 'OTHER' },
      ])
        assert.equal(await set(wrong), false, JSON.stringify(wrong))
      const short = await attached(record.id, credential(clock, { expiresAt: clock.now() + HOUR }))
      await store.touch({ id: record.id, hash: short.hash, from: NOWHERE })
      clock.advance({ minutes: 60 })
      assert.equal(await set({ hash: short.hash }), false)
      const gone = await attached(record.id)
      await store.touch({ id: record.id, hash: gone.hash, from: NOWHERE })
      await store.detach({ id: record.id, handle: gone.handle, reason: 'revoked' })
      assert.equal(await set({ hash: gone.hash }), false)
      const all = await credentialsOf(record.id)
      assert.deepEqual([...new Set(all.map(({ details }) => details))], [null])
      clock.advance({ hours: 12 })
      assert.equal(await set({}), false)
      assert.equal(await stateOf(record.id, cookie.hash), 'absolute')
    },
  },
  {
    claim: 'setDetails leaves the origin of an unused login and the details of an unused link alone',
    async check({ store, clock, stored, attached, newSession, credentialsOf, stateOf }) {
      const login = async () => {
        const { session, credential: cookie } = newSession({ userId: '4', userName: 'Ana Lima' })
        await store.create({ session, credential: { ...cookie, via: 'login', details: 'the origin' } })
        return { id: session.id, hash: cookie.hash }
      }
      const [first, second] = [await login(), await login()]
      assert.equal(await store.setDetails({ ...first, from: 'the origin', to: 'bound' }), false)
      clock.advance({ seconds: 1 })
      const ended = await store.touch({ ...second, from: NOWHERE })
      assert.deepEqual(
        ended.map(({ id }) => id),
        [first.id],
      )
      assert.equal(await store.setDetails({ ...second, from: 'the origin', to: 'bound' }), true)
      assert.equal(await stateOf(second.id, second.hash), 'live')
      const third = await login()
      await store.touch({ ...third, from: NOWHERE })
      assert.equal(await stateOf(second.id, second.hash), 'live')
      const { record } = await stored()
      const link = await attached(record.id, otp(clock, { details: '{}' }))
      assert.equal(await store.setDetails({ id: record.id, hash: link.hash, from: '{}', to: 'bound' }), false)
      assert.ok((await credentialsOf(record.id)).every(({ details }) => details !== 'bound'))
    },
  },
  {
    claim: 'setDetails revives no session that ends during the call',
    async check(trial) {
      const { store } = trial
      await rounds(async () => {
        const { record, cookie } = await used(trial)
        await Promise.all([
          atOnce((caller) =>
            store.setDetails({ id: record.id, hash: cookie.hash, from: null, to: `caller ${caller}` }),
          ),
          store.end({ id: record.id, reason: 'closed' }),
        ])
        assert.equal(await trial.stateOf(record.id, cookie.hash), 'closed')
        assert.deepEqual(await trial.credentialsOf(record.id), [])
        assert.equal(await store.setDetails({ id: record.id, hash: cookie.hash, from: null, to: 'late' }), false)
      })
    },
  },
]

/** A session whose cookie a request has used. */
async function used(trial: Trial, fields: object = {}) {
  const { record, cookie } = await trial.stored(fields)
  await trial.store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
  return { record, cookie }
}
