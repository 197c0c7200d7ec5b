import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  CALLERS,
  credential,
  NO_LIMITS,
  NOWHERE,
  otp,
  rounds,
  type StorePromise,
  stateOf,
  stored,
} from './fixtures.ts'

/** attach, detach, rotate: the devices and links of one session. */
export const devices: StorePromise[] = [
  {
    claim:
      '[LIC-4] beyond the cap the device that was seen longest ago goes, never the caller’s, and OTPs have a cap of their own',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const limits = { credentials: 3, otps: 2 }
      const add = async (made: ReturnType<typeof credential>) => {
        clock.advance({ seconds: 1 })
        await store.attach(APP, record.id, { ...made, createdAt: clock.now() }, cookie.hash, limits, clock.now())
        return made
      }
      const [a, b] = [await add(credential(clock)), await add(credential(clock))]
      clock.advance({ minutes: 2 })
      await store.touch(APP, record.id, a.hash, NOWHERE, clock.now())
      const links = [await add(otp(clock)), await add(otp(clock)), await add(otp(clock))] as const
      const c = await add(credential(clock))
      const states = await Promise.all([cookie, a, b, c].map(({ hash }) => stateOf(trial, record.id, hash)))
      assert.deepEqual(states, ['live', 'live', 'limit', 'live'])
      assert.equal(await store.findOTP(APP, links[0].hash, clock.now()), undefined)
      assert.ok(await store.findOTP(APP, links[1].hash, clock.now()))
      assert.ok(await store.findOTP(APP, links[2].hash, clock.now()))
    },
  },
  {
    claim: 'of OTPs of one purpose only one lives, however many come at once, and others stay',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record } = await stored(trial)
        const attach = (made: ReturnType<typeof credential>) =>
          store.attach(APP, record.id, made, undefined, NO_LIMITS, clock.now())
        const [other, plain] = [otp(clock, { purpose: 'other' }), otp(clock)]
        await Promise.all([attach(other), attach(plain)])
        const links = await atOnce(async () => {
          const link = otp(clock, { purpose: 'mail' })
          await attach(link)
          return link
        })
        const found = await Promise.all(
          [...links, other, plain].map(({ hash }) => store.findOTP(APP, hash, clock.now())),
        )
        assert.equal(found.slice(0, CALLERS).filter((link) => link !== undefined).length, 1)
        assert.ok(found.slice(CALLERS).every((link) => link !== undefined))
      })
    },
  },
  {
    claim: 'a device that is signed out is out at once, the others stay, and twice is no error',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const second = credential(clock)
      await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
      assert.equal(await store.detach(APP, record.id, second.handle, 'revoked', clock.now()), true)
      assert.equal(await store.detach(APP, record.id, second.handle, 'revoked', clock.now()), false)
      assert.equal(await stateOf(trial, record.id, second.hash), 'revoked')
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'a rotation leaves one credential, and of many rotations by the same one exactly one is made',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record, cookie } = await stored(trial)
        const second = credential(clock)
        const link = otp(clock)
        await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
        await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
        const fresh = await atOnce(async () => {
          const next = credential(clock)
          return { next, won: await store.rotate(APP, record.id, cookie.hash, next, 'end', clock.now()) }
        })
        const winners = fresh.filter(({ won }) => won)
        assert.equal(winners.length, 1)
        const live = (await store.credentials(APP, [record.id])).get(record.id)
        assert.deepEqual(
          live?.map(({ hash }) => hash),
          [winners[0]?.next.hash],
        )
        assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
        assert.equal(await stateOf(trial, record.id, second.hash), 'revoked')
        assert.equal(await store.findOTP(APP, link.hash, clock.now()), undefined)
      })
    },
  },
  {
    claim: 'a rotation that keeps the others signs out nobody but the caller’s old credential',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record, cookie } = await stored(trial)
        const second = credential(clock)
        const link = otp(clock)
        await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
        await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
        const won = await atOnce(() =>
          store.rotate(APP, record.id, cookie.hash, credential(clock), 'keep', clock.now()),
        )
        assert.equal(won.filter(Boolean).length, 1)
        assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
        assert.equal(await stateOf(trial, record.id, second.hash), 'live')
        assert.ok(await store.findOTP(APP, link.hash, clock.now()))
        assert.equal((await store.credentials(APP, [record.id])).get(record.id)?.length, 3)
      })
    },
  },
]
