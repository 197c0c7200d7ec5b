import assert from 'node:assert/strict'
import { atOnce, CALLERS, credential, NOWHERE, otp, rounds, type StorePromise } from './fixtures.ts'

/** The promises of `attach`, `detach` and `rotate`. */
export const devices: StorePromise[] = [
  {
    claim:
      '[LIC-4] at the limit of credentials the device that was seen longest ago is signed out, never the caller’s, and OTPs have a limit of their own',
    async check({ store, clock, stored, stateOf }) {
      const { record, cookie } = await stored()
      const limits = { credentials: 3, otps: 2 }
      const add = async (made: ReturnType<typeof credential>) => {
        clock.advance({ seconds: 1 })
        await store.attach({ id: record.id, credential: { ...made, createdAt: clock.now() }, by: cookie.hash, limits })
        return made
      }
      const [a, b] = [await add(credential(clock)), await add(credential(clock))]
      clock.advance({ minutes: 2 })
      await store.touch({ id: record.id, hash: a.hash, from: NOWHERE })
      const links = [await add(otp(clock)), await add(otp(clock)), await add(otp(clock))] as const
      const c = await add(credential(clock))
      const states = await Promise.all([cookie, a, b, c].map(({ hash }) => stateOf(record.id, hash)))
      assert.deepEqual(states, ['live', 'live', 'limit', 'live'])
      assert.equal(await store.findOTP({ hash: links[0].hash }), undefined)
      assert.ok(await store.findOTP({ hash: links[1].hash }))
      assert.ok(await store.findOTP({ hash: links[2].hash }))
    },
  },
  {
    claim: 'a new OTP ends the OTP of the same purpose, also when several are added at once, and no other OTP',
    async check({ store, clock, stored }) {
      await rounds(async () => {
        const { record } = await stored()
        const attach = (made: ReturnType<typeof credential>) => store.attach({ id: record.id, credential: made })
        const [other, plain] = [otp(clock, { purpose: 'other' }), otp(clock)]
        await Promise.all([attach(other), attach(plain)])
        const links = await atOnce(async () => {
          const link = otp(clock, { purpose: 'mail' })
          await attach(link)
          return link
        })
        const found = await Promise.all([...links, other, plain].map(({ hash }) => store.findOTP({ hash })))
        assert.equal(found.slice(0, CALLERS).filter((link) => link !== undefined).length, 1)
        assert.ok(found.slice(CALLERS).every((link) => link !== undefined))
      })
    },
  },
  {
    claim: 'signing a device out takes effect at once, leaves the other devices alone, and is no error the second time',
    async check({ store, stored, attached, stateOf }) {
      const { record, cookie } = await stored()
      const second = await attached(record.id)
      assert.equal(await store.detach({ id: record.id, handle: second.handle, reason: 'revoked' }), true)
      assert.equal(await store.detach({ id: record.id, handle: second.handle, reason: 'revoked' }), false)
      assert.equal(await stateOf(record.id, second.hash), 'revoked')
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
    },
  },
  {
    claim: 'a rotation leaves one credential, and of many rotations of the same credential exactly one succeeds',
    async check({ store, clock, stored, attached, credentialsOf, stateOf }) {
      await rounds(async () => {
        const { record, cookie } = await stored()
        const second = await attached(record.id)
        const link = await attached(record.id, otp(clock))
        const fresh = await atOnce(async () => {
          const next = credential(clock)
          return { next, won: await store.rotate({ id: record.id, by: cookie.hash, credential: next, others: 'end' }) }
        })
        const winners = fresh.filter(({ won }) => won)
        assert.equal(winners.length, 1)
        const live = await credentialsOf(record.id)
        assert.deepEqual(
          live.map(({ hash }) => hash),
          [winners[0]?.next.hash],
        )
        assert.equal(await stateOf(record.id, cookie.hash), 'secured')
        assert.equal(await stateOf(record.id, second.hash), 'revoked')
        assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      })
    },
  },
  {
    claim: 'a rotation that keeps the others ends only the caller’s old credential',
    async check({ store, clock, stored, attached, credentialsOf, stateOf }) {
      await rounds(async () => {
        const { record, cookie } = await stored()
        const second = await attached(record.id)
        const link = await attached(record.id, otp(clock))
        const won = await atOnce(() =>
          store.rotate({ id: record.id, by: cookie.hash, credential: credential(clock), others: 'keep' }),
        )
        assert.equal(won.filter(Boolean).length, 1)
        assert.equal(await stateOf(record.id, cookie.hash), 'secured')
        assert.equal(await stateOf(record.id, second.hash), 'live')
        assert.ok(await store.findOTP({ hash: link.hash }))
        assert.equal((await credentialsOf(record.id)).length, 3)
      })
    },
  },
]
