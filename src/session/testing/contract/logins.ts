import assert from 'node:assert/strict'
import { MOST_UNUSED_LOGINS } from '../../record.ts'
import { credential, NOWHERE, rounds, type StorePromise, session, type Trial } from './fixtures.ts'

/** The rules for unused logins. `touch` in `store.ts` defines unused logins. */
export const logins: StorePromise[] = [
  {
    claim: 'the first use of a login ends the other unused logins of the same origin, and no other session',
    async check(trial) {
      const { store, clock, stored, attached, stateOf } = trial
      const used = await login(trial, 'A')
      await store.touch({ id: used.id, hash: used.hash, from: NOWHERE })
      const [first, second] = [await login(trial, 'A'), await login(trial, 'A', '5')]
      const onAnotherDevice = await login(trial, 'A')
      const phone = await attached(onAnotherDevice.id, credential(clock, { via: 'link' }))
      await store.touch({ id: onAnotherDevice.id, hash: phone.hash, from: NOWHERE })
      const [other, guest] = [await login(trial, 'B'), await stored()]
      clock.advance({ seconds: 1 })
      const chosen = await login(trial, 'A')
      const touch = () => store.touch({ id: chosen.id, hash: chosen.hash, from: NOWHERE })
      const ended = await touch()
      assert.deepEqual(
        ended.map(({ id, userId, reason }) => [id, userId, reason]),
        [
          [first.id, '4', 'secured'],
          [second.id, '5', 'secured'],
        ],
      )
      for (const { id, hash } of [used, onAnotherDevice, other, chosen]) assert.equal(await stateOf(id, hash), 'live')
      assert.equal(await stateOf(guest.record.id, guest.cookie.hash), 'live')
      assert.equal(await store.get({ id: first.id }), undefined)
      await store.create({
        ...newLogin(trial, 'C'),
        session: session(clock, { userId: '4', absoluteEnd: clock.now() + 1 }),
      })
      clock.advance({ milliseconds: 1 })
      const next = await login(trial, 'C')
      assert.deepEqual(await store.touch({ id: next.id, hash: next.hash, from: NOWHERE }), [], 'an expired login')
      const late = await login(trial, 'A')
      assert.deepEqual(await touch(), [], 'a later use ends no login')
      assert.equal(await stateOf(late.id, late.hash), 'live')
    },
  },
  {
    claim: 'of several unused logins that are used at once exactly one stays live',
    async check(trial) {
      await rounds(async (round) => {
        const origin = `round ${round}`
        const all = await Promise.all(Array.from({ length: 5 }, () => login(trial, origin)))
        const ended = await Promise.all(all.map(({ id, hash }) => trial.store.touch({ id, hash, from: NOWHERE })))
        const states = await Promise.all(all.map(({ id, hash }) => trial.stateOf(id, hash)))
        assert.equal(states.filter((state) => state === 'live').length, 1)
        assert.equal(ended.flat().length, 4)
      })
    },
  },
  {
    claim: 'unused logins of one origin count as one session, for licences and for the limit of a user',
    async check(trial) {
      const { store, newSession, stored } = trial
      const limits = { sessions: 3, sessionsPerUser: 2 }
      const phone = await stored({ userId: '4' })
      const { record: guest } = await stored()
      const replaced = await store.replace({ id: guest.id, expected: {}, ...newLogin(trial, 'A'), limits })
      assert.deepEqual(replaced, { state: 'replaced', ended: [] })
      for (let more = 0; more < 3; more++)
        assert.deepEqual(await store.create({ ...newLogin(trial, 'A'), limits }), { admitted: true, ended: [] })
      assert.deepEqual(await store.create({ ...newLogin(trial, 'B'), limits }), { admitted: false })
      assert.deepEqual(await store.create({ ...newSession(), limits }), { admitted: false })
      await store.remove({ id: guest.id })
      assert.deepEqual(await store.create({ ...newSession({ userId: '5' }), limits }), { admitted: true, ended: [] })
      const admission = await store.create({ ...newLogin(trial, 'B'), limits: { sessionsPerUser: 2 } })
      assert.deepEqual(admission.admitted && admission.ended.map(({ id }) => id), [phone.record.id])
      const last = await store.create({ ...newLogin(trial, 'C'), limits: { sessionsPerUser: 2 } })
      assert.equal(last.admitted && last.ended.length, 4, 'they end together')
    },
  },
  {
    claim: 'a session that an update gives to a user and the unused logins of the same origin count as one session',
    async check(trial) {
      const { store, stored } = trial
      const { record: phone } = await stored({ userId: '4' })
      await login(trial, 'A')
      const { session, credential: cookie } = newLogin(trial, 'A', null)
      await store.create({ session, credential: cookie })
      const call = { id: session.id, expected: {}, changes: { userId: '4' }, limits: { sessionsPerUser: 2 } }
      assert.deepEqual(await store.update({ ...call, writeId: 'w' }), { updated: true, ended: [] })
      assert.ok(await store.get({ id: phone.id }))
    },
  },
  {
    claim: 'each origin can have only a limited number of unused logins',
    async check(trial) {
      const { store, clock, stored } = trial
      const first = await login(trial, 'A')
      for (let more = 1; more < MOST_UNUSED_LOGINS; more++) await login(trial, 'A')
      clock.advance({ seconds: 1 })
      const admission = await store.create(newLogin(trial, 'A'))
      assert.deepEqual(admission.admitted && admission.ended.map(({ id, reason }) => [id, reason]), [
        [first.id, 'limit'],
      ])
      const { record: guest } = await stored()
      const replaced = await store.replace({ id: guest.id, expected: {}, ...newLogin(trial, 'A') })
      assert.equal(replaced.state === 'replaced' && replaced.ended.length, 1)
    },
  },
  {
    claim:
      'the origin of a login outlives its session, if that was replaced or was a repeated login, but no rotation of its cookie',
    async check(trial) {
      const { store, clock, newSession } = trial
      const [replaced, repeated, used, closed] = [
        await login(trial, 'A'),
        await login(trial, 'B'),
        await login(trial, 'B'),
        await login(trial, 'C'),
      ]
      const rotated = await login(trial, 'D')
      const client = newSession({ userId: '4', kind: 'rest' })
      const token = credential(clock, { kind: 'bearer', via: 'sign-in', details: 'E' })
      await store.create({ session: client.session, credential: token })
      await store.replace({ id: replaced.id, expected: {}, ...newSession() })
      await store.touch({ id: used.id, hash: used.hash, from: NOWHERE })
      await store.end({ id: closed.id, reason: 'closed' })
      await store.rotate({ id: rotated.id, by: rotated.hash, credential: credential(clock), others: 'keep' })
      await store.replace({ id: client.session.id, expected: {}, ...newSession() })
      const originOf = async ({ id, hash }: { id: string; hash: string }) => {
        const found = await store.find({ id, hash })
        return found?.state === 'ended' ? found.origin : 'not ended'
      }
      assert.deepEqual([await originOf(replaced), await originOf(repeated), await originOf(closed)], ['A', 'B', null])
      const bearer = { id: client.session.id, hash: token.hash }
      assert.deepEqual([await originOf(rotated), await originOf(bearer)], [null, null])
    },
  },
]

function newLogin({ newSession, clock }: Trial, origin: string, userId: string | null = '4') {
  const { session } = newSession({ userId })
  return { session, credential: credential(clock, { via: 'login', details: origin }) }
}

async function login(trial: Trial, origin: string, userId?: string) {
  const made = newLogin(trial, origin, userId)
  await trial.store.create(made)
  return { id: made.session.id, hash: made.credential.hash }
}
