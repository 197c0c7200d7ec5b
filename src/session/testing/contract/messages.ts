import assert from 'node:assert/strict'
import type { CallOf } from '../../store.ts'
import { atOnce, credential, otp, type StorePromise, type Trial } from './fixtures.ts'

const MESSAGE = 'Bitte neu anmelden: "Ü"\nPlease sign in again.'

/** The rules for the messages of `end`, `endMany`, `remove`, `detach` and `takeMessage`. */
export const messages: StorePromise[] = [
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
      const taken = await atOnce(() => store.takeMessage({ id: record.id, hash: cookie.hash }))
      assert.deepEqual(
        taken.filter((text) => text !== undefined),
        ['Please sign in again.'],
      )
      assert.equal(await store.takeMessage({ id: record.id, hash: second.hash }), 'Please sign in again.')
      const silent = await stored()
      await store.remove({ id: silent.record.id, message: '' })
      assert.equal(await store.takeMessage({ id: silent.record.id, hash: silent.cookie.hash }), undefined)
      assert.equal(await store.takeMessage({ id: record.id, hash: 'a-guess' }), undefined)
    },
  },
  {
    claim: 'the message of an end reaches all devices and tokens that the session still had, and no other device',
    async check(trial) {
      const { store, clock, stored, attached } = trial
      const { record, cookie } = await stored()
      const [token, gone] = [
        await attached(record.id, credential(clock, { kind: 'bearer' })),
        await attached(record.id),
      ]
      const link = await attached(record.id, otp(clock))
      const stranger = await stored()
      await store.detach({ id: record.id, handle: gone.handle, reason: 'revoked' })
      await store.end({ id: record.id, reason: 'closed', message: MESSAGE })
      assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
        state: 'ended',
        reason: 'closed',
        endedAt: clock.now(),
        message: true,
        origin: null,
      })
      assert.equal(await store.takeMessage({ app: 'OTHER', id: record.id, hash: cookie.hash }), undefined)
      assert.deepEqual(
        await taken(trial, [...of(record, cookie, token, gone, link), ...of(stranger.record, stranger.cookie)]),
        [MESSAGE, MESSAGE, '', '', ''],
      )
      const again = await store.find({ id: record.id, hash: cookie.hash })
      assert.deepEqual([again?.state, again?.state === 'ended' && again.message], ['ended', false])
      assert.equal(await store.end({ id: record.id, reason: 'closed', message: 'A second end' }), undefined)
      assert.deepEqual(await taken(trial, of(record, cookie)), [''])
    },
  },
  {
    claim: 'the message of an end and of endMany is kept for 24 hours, and not longer',
    async check(trial) {
      const { store, clock, stored, stateOf } = trial
      const [one, two, late] = [await stored(), await stored({ userId: '4' }), await stored({ userId: '4' })]
      await store.end({ id: one.record.id, reason: 'closed', message: MESSAGE })
      await store.endMany({ filter: { userId: '4' }, reason: 'revoked', message: MESSAGE })
      clock.advance({ hours: 24, milliseconds: -1 })
      await store.sweep({ limit: 100 })
      assert.equal(await stateOf(one.record.id, one.cookie.hash), 'closed')
      assert.deepEqual(await taken(trial, [...of(one.record, one.cookie), ...of(two.record, two.cookie)]), [
        MESSAGE,
        MESSAGE,
      ])
      clock.advance({ milliseconds: 1 })
      assert.deepEqual(await taken(trial, of(late.record, late.cookie)), [''])
    },
  },
  {
    claim: 'the message of endMany reaches every device of the ended sessions, and no other device',
    async check(trial) {
      const { store, stored, attached } = trial
      const [one, two, spared, other] = [
        await stored({ userId: '4' }),
        await stored({ userId: '4' }),
        await stored({ userId: '4' }),
        await stored({ userId: '5' }),
      ]
      const second = await attached(one.record.id)
      const filter = { userId: '4', exceptId: spared.record.id }
      await store.endMany({ filter, reason: 'revoked', message: MESSAGE })
      const spareds = [...of(spared.record, spared.cookie), ...of(other.record, other.cookie)]
      const devices = [...of(one.record, one.cookie, second), ...of(two.record, two.cookie), ...spareds]
      assert.deepEqual(await taken(trial, devices), [MESSAGE, MESSAGE, MESSAGE, '', ''])
      await store.endMany({ filter: {}, reason: 'stopped', message: '' })
      assert.deepEqual(await taken(trial, spareds), ['', ''])
    },
  },
  {
    claim:
      'the message of remove reaches devices of expired and invalidated records, and devices signed out in the last 90 seconds',
    async check(trial) {
      const { store, clock, newSession, stored, attached } = trial
      const expired = await stored({ absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      const live = await stored()
      const gone = await attached(live.record.id)
      await store.detach({ id: live.record.id, handle: gone.handle, reason: 'revoked' })
      const invalidated = await stored()
      await store.replace({ id: invalidated.record.id, expected: {}, ...newSession() })
      const bystander = await stored()
      await store.detach({ id: bystander.record.id, handle: bystander.cookie.handle, reason: 'revoked' })
      clock.advance({ milliseconds: 89_999 })
      for (const { record } of [expired, live, invalidated]) await store.remove({ id: record.id, message: MESSAGE })
      clock.advance({ hours: 24, milliseconds: -1 })
      await store.sweep({ limit: 100 })
      const devices = [
        ...of(expired.record, expired.cookie),
        ...of(live.record, live.cookie, gone),
        ...of(invalidated.record, invalidated.cookie),
        ...of(bystander.record, bystander.cookie),
      ]
      assert.deepEqual(await taken(trial, devices), [MESSAGE, MESSAGE, MESSAGE, MESSAGE, ''])
    },
  },
  {
    claim: 'the message of detach reaches only the signed-out device, for 24 hours, also after the session has ended',
    async check(trial) {
      const { store, clock, stored, attached } = trial
      const { record, cookie } = await stored()
      const [second, silent] = [await attached(record.id), await attached(record.id)]
      await store.detach({ id: record.id, handle: second.handle, reason: 'revoked', message: MESSAGE })
      await store.detach({ id: record.id, handle: silent.handle, reason: 'revoked', message: '' })
      assert.deepEqual(await store.find({ id: record.id, hash: second.hash }), {
        state: 'ended',
        reason: 'revoked',
        endedAt: clock.now(),
        message: true,
        origin: null,
      })
      const late = await attached(record.id)
      await store.detach({ id: record.id, handle: late.handle, reason: 'revoked', message: MESSAGE })
      await store.end({ id: record.id, reason: 'closed' })
      clock.advance({ hours: 24, milliseconds: -1 })
      await store.sweep({ limit: 100 })
      assert.deepEqual(await taken(trial, of(record, cookie, silent, second)), ['', '', MESSAGE])
      clock.advance({ milliseconds: 1 })
      assert.deepEqual(await taken(trial, of(record, late)), [''])
    },
  },
  {
    claim: 'removing a session that has ended leaves no message for its devices',
    async check(trial) {
      const { store, stored } = trial
      const { record, cookie } = await stored()
      await store.end({ id: record.id, reason: 'closed' })
      assert.equal(await store.remove({ id: record.id, message: MESSAGE }), undefined)
      assert.deepEqual(await taken(trial, of(record, cookie)), [''])
    },
  },
]

/** Takes the message of each device. A device without a message gives an empty text. */
async function taken({ store }: Trial, devices: readonly Device[]): Promise<string[]> {
  const texts: string[] = []
  for (const { id, hash } of devices) texts.push((await store.takeMessage({ id, hash })) ?? '')
  return texts
}

type Device = Pick<CallOf<'takeMessage'>, 'id' | 'hash'>

function of({ id }: Pick<Device, 'id'>, ...credentials: readonly Pick<Device, 'hash'>[]): Device[] {
  return credentials.map(({ hash }) => ({ id, hash }))
}
