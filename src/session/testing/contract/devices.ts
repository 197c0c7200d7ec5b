import assert from 'node:assert/strict'
import type { Credential } from '../../record.ts'
import { atOnce, CALLERS, credential, HOUR, NOWHERE, otp, rounds, type StorePromise } from './fixtures.ts'

/** The rules of `attach`, `detach` and `rotate`. */
export const devices: StorePromise[] = [
  {
    claim:
      '[LIC-4] the limit of credentials signs out the least recently used device but never the caller, and OTPs have a separate limit',
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
    claim: 'a new OTP ends only the OTP with the same purpose, also when several OTPs are added at once',
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
    claim: 'a new OTP revokes the OTP with the same purpose, which then does not count towards the limit of OTPs',
    async check({ store, clock, stored, attached }) {
      const { record } = await stored()
      const plain = await attached(record.id, otp(clock))
      clock.advance({ seconds: 1 })
      const [first, second] = [otp(clock, { purpose: 'mail' }), otp(clock, { purpose: 'mail' })]
      for (const made of [first, second]) await store.attach({ id: record.id, credential: made, limits: { otps: 2 } })
      const found = await Promise.all([plain, first, second].map(({ hash }) => store.findOTP({ hash })))
      assert.deepEqual(
        found.map((link) => link !== undefined),
        [true, false, true],
      )
    },
  },
  {
    claim: 'at the limit of OTPs an expired OTP ends before any valid OTP',
    async check({ store, clock, stored, credentialsOf }) {
      const { record } = await stored({ idleMilliseconds: 0 })
      const limits = { otps: 3 }
      const add = async (lifespan: number) => {
        clock.advance({ seconds: 1 })
        const link = otp(clock, { expiresAt: clock.now() + lifespan })
        await store.attach({ id: record.id, credential: link, limits })
        return link
      }
      const [first, , second] = [await add(HOUR), await add(2_000), await add(HOUR)]
      const third = await add(HOUR)
      const keep = async (...links: Credential[]) => {
        const otps = (await credentialsOf(record.id)).filter(({ kind }) => kind === 'otp')
        assert.deepEqual(otps.map(({ hash }) => hash).sort(), links.map(({ hash }) => hash).sort())
      }
      await keep(first, second, third)
      await keep(second, third, await add(HOUR))
    },
  },
  {
    claim: 'detach signs out one device at once and no other device, and a second call returns false',
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
  {
    claim: 'a device that was signed out cannot add a credential, and cannot rotate its own credential',
    async check({ store, clock, stored, attached, credentialsOf, stateOf }) {
      const { record, cookie } = await stored()
      const gone = await attached(record.id)
      await store.detach({ id: record.id, handle: gone.handle, reason: 'revoked' })
      const limits = { credentials: 1, otps: 1 }
      for (const by of [gone.hash, 'unknown']) {
        const [added, link, next] = [credential(clock), otp(clock), credential(clock)]
        for (const made of [added, link])
          assert.equal(await store.attach({ id: record.id, credential: made, by, limits }), false)
        assert.equal(await store.rotate({ id: record.id, by, credential: next, others: 'end' }), false)
        for (const { hash } of [added, next]) assert.equal(await stateOf(record.id, hash), 'unknown')
        assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      }
      assert.deepEqual(await credentialsOf(record.id), [cookie])
    },
  },
  {
    claim: 'attach, rotate and detach do nothing on an expired, ended or invalidated session',
    async check({ store, clock, newSession, stored, credentialsOf, stateOf }) {
      const expired = await stored({ absoluteEnd: clock.now() + 1 })
      clock.advance({ milliseconds: 1 })
      const ended = await stored()
      await store.end({ id: ended.record.id, reason: 'closed' })
      const invalidated = await stored()
      await store.replace({ id: invalidated.record.id, expected: {}, ...newSession() })
      for (const [{ record, cookie }, state] of [
        [expired, 'absolute'],
        [ended, 'closed'],
        [invalidated, 'secured'],
      ] as const) {
        const [added, next] = [credential(clock), credential(clock)]
        assert.equal(await store.attach({ id: record.id, credential: added }), false)
        for (const others of ['keep', 'end'] as const)
          assert.equal(await store.rotate({ id: record.id, by: cookie.hash, credential: next, others }), false)
        assert.equal(await store.detach({ id: record.id, handle: cookie.handle, reason: 'revoked' }), false)
        for (const { hash } of [added, next]) assert.equal(await stateOf(record.id, hash), 'unknown')
        assert.equal(await stateOf(record.id, cookie.hash), state)
      }
      assert.deepEqual(await credentialsOf(expired.record.id), [expired.cookie])
    },
  },
  {
    claim: 'detach revokes a valid link only once, and changes neither the session nor other links',
    async check({ store, clock, stored, attached, stateOf }) {
      const [one, two] = [await stored(), await stored()]
      const [link, other] = [await attached(one.record.id, otp(clock)), await attached(two.record.id, otp(clock))]
      const detach = (handle: string) => store.detach({ id: one.record.id, handle, reason: 'revoked' })
      assert.equal(await detach(other.handle), false)
      assert.equal(await detach('unknown'), false)
      assert.equal(await detach(link.handle), true)
      assert.equal(await detach(link.handle), false)
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.equal(await store.redeem({ hash: link.hash, credential: credential(clock) }), undefined)
      assert.equal(await stateOf(one.record.id, one.cookie.hash), 'live')
      assert.ok(await store.findOTP({ hash: other.hash }))
    },
  },
  {
    claim: 'without a caller, the limit of credentials signs out the least recently used device or token',
    async check({ store, clock, stored, stateOf }) {
      const { record, cookie } = await stored()
      const add = async (fields = {}) => {
        clock.advance({ seconds: 1 })
        const made = credential(clock, fields)
        assert.equal(await store.attach({ id: record.id, credential: made, limits: { credentials: 2 } }), true)
        return made
      }
      const token = await add({ kind: 'bearer', via: 'token' })
      clock.advance({ seconds: 1 })
      await store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
      const second = await add()
      const states = async () => Promise.all([cookie, token, second].map(({ hash }) => stateOf(record.id, hash)))
      assert.deepEqual(await states(), ['live', 'limit', 'live'])
      assert.equal((await store.find({ id: record.id, hash: token.hash, app: 'OTHER' }))?.state, undefined)
      await add()
      assert.deepEqual(await states(), ['limit', 'limit', 'live'])
    },
  },
  {
    claim:
      'redeeming a link at the limit of credentials signs out the least recently used device and revokes no other link',
    async check({ store, clock, stored, attached, credentialsOf, stateOf }) {
      const { record, cookie } = await stored()
      clock.advance({ seconds: 1 })
      const second = await attached(record.id)
      const [link, open] = [await attached(record.id, otp(clock)), await attached(record.id, otp(clock))]
      clock.advance({ seconds: 1 })
      const device = credential(clock, { via: 'link' })
      const limits = { credentials: 2, otps: 1 }
      assert.ok(await store.redeem({ hash: link.hash, credential: device, limits }))
      assert.equal(await stateOf(record.id, cookie.hash), 'limit')
      const hashes = (await credentialsOf(record.id)).map(({ hash }) => hash)
      assert.deepEqual(hashes.sort(), [second.hash, open.hash, device.hash].sort())
    },
  },
]
