import assert from 'node:assert/strict'
import { APP, atOnce, CALLERS, credential, HOUR, otp, rounds, type StorePromise, session } from './fixtures.ts'

/** The rules of `replace` and `redeem`. */
export const replacing: StorePromise[] = [
  {
    claim:
      '[SECURE-2] a replacement invalidates the old session, ends its credentials, keeps its record, and creates a live session',
    async check({ store, clock, newSession, stored, attached }) {
      const { record, cookie } = await stored({ storage: '{"secret":1}', userName: 'Ana' })
      const second = await attached(record.id)
      const link = await attached(record.id, otp(clock))
      const next = newSession({ storage: '{"mine":1}' })
      const replaced = await store.replace({ id: record.id, expected: { version: 1, by: cookie.hash }, ...next })
      assert.deepEqual(replaced, { state: 'replaced', ended: [] })
      const old = await store.get({ id: record.id })
      assert.deepEqual([old?.startTime, old?.lastAccessTime, old?.storage, old?.userName], [null, null, '{}', 'Ana'])
      for (const { hash } of [cookie, second]) {
        const found = await store.find({ id: record.id, hash })
        assert.deepEqual(found, {
          state: 'ended',
          reason: 'secured',
          endedAt: clock.now(),
          message: false,
          origin: null,
        })
      }
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.deepEqual(await store.find({ id: next.session.id, hash: next.credential.hash }), {
        state: 'live',
        ...next,
      })
      assert.equal(await store.count({ filter: {} }), 2)
    },
  },
  {
    claim: 'a replacement of a session that is not live, or by a device that was signed out, creates no new session',
    async check({ store, clock, newSession, stored, stateOf }) {
      const ended = await stored()
      await store.end({ id: ended.record.id, reason: 'closed' })
      const detached = await stored()
      await store.detach({ id: detached.record.id, handle: detached.cookie.handle, reason: 'revoked' })
      const replaced = await stored()
      await store.replace({ id: replaced.record.id, expected: {}, ...newSession() })
      const expired = await stored({ idleMilliseconds: HOUR / 2 })
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      for (const { record, cookie } of [ended, detached, replaced, expired]) {
        const next = newSession()
        const outcome = await store.replace({ id: record.id, expected: { by: cookie.hash }, ...next })
        assert.deepEqual(outcome, { state: 'gone' })
        assert.equal(await store.get({ id: next.session.id }), undefined)
        assert.equal(await stateOf(next.session.id, next.credential.hash), 'unknown')
      }
    },
  },
  {
    claim: 'a replacement that expects another version changes nothing',
    async check({ store, newSession, stored, stateOf }) {
      const { record, cookie } = await stored()
      const next = newSession()
      const outcome = await store.replace({ id: record.id, expected: { version: 2, by: cookie.hash }, ...next })
      assert.deepEqual(outcome, { state: 'moved' })
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
      assert.equal(await store.get({ id: next.session.id }), undefined)
    },
  },
  {
    claim: 'of many replacements of one session exactly one succeeds',
    async check({ store, newSession, stored, stateOf }) {
      await rounds(async () => {
        const { record, cookie } = await stored()
        const attempts = await atOnce(async () => {
          const next = newSession()
          const { state } = await store.replace({ id: record.id, expected: { by: cookie.hash }, ...next })
          return { next, state }
        })
        assert.equal(attempts.filter(({ state }) => state === 'replaced').length, 1)
        for (const { next, state } of attempts) {
          assert.equal(await stateOf(next.session.id, next.credential.hash), state === 'replaced' ? 'live' : 'unknown')
        }
        assert.equal(await stateOf(record.id, cookie.hash), 'secured')
      })
    },
  },
  {
    claim: 'of a logout and a replacement at the same moment exactly one succeeds',
    async check({ store, newSession, stored, stateOf }) {
      await rounds(async (round) => {
        const { record, cookie } = await stored()
        const next = newSession()
        const close = () => store.end({ id: record.id, reason: 'closed', by: cookie.hash })
        const early = round % 2 === 0 ? close() : undefined
        const replacing = store.replace({ id: record.id, expected: { by: cookie.hash }, ...next })
        const [{ state }, ended] = await Promise.all([replacing, early ?? close()])
        const replaced = state === 'replaced'
        assert.notEqual(replaced, ended !== undefined)
        assert.equal(await stateOf(next.session.id, next.credential.hash), replaced ? 'live' : 'unknown')
        assert.equal(await stateOf(record.id, cookie.hash), replaced ? 'secured' : 'closed')
      })
    },
  },
  {
    claim:
      '[SECURE-9] a write at the same moment as a replacement goes to the old session before it, or is refused after it',
    async check({ store, newSession, stored, stateOf }) {
      await rounds(async (round) => {
        const { record, cookie } = await stored()
        const next = newSession()
        await atOnce<unknown>((caller) =>
          caller === CALLERS / 2
            ? store.replace({ id: record.id, expected: { by: cookie.hash }, ...next })
            : store.update({
                id: record.id,
                expected: { by: cookie.hash },
                writeId: `w${round}-${caller}`,
                changes: { storage: '{"late":1}' },
              }),
        )
        const old = await store.get({ id: record.id })
        assert.deepEqual([old?.startTime, old?.storage], [null, '{}'])
        assert.equal((await store.get({ id: next.session.id }))?.storage, '{}')
        assert.equal(await stateOf(next.session.id, next.credential.hash), 'live')
      })
    },
  },
  {
    claim: 'at the limit of licences a replacement succeeds and deletes the record of the old session',
    async check({ store, newSession, stored, stateOf }) {
      const { record, cookie } = await stored()
      await stored()
      const next = newSession({ userId: '4' })
      const outcome = await store.replace({
        id: record.id,
        expected: { by: cookie.hash },
        ...next,
        limits: { sessions: 2 },
      })
      assert.equal(outcome.state, 'replaced')
      assert.equal(await store.get({ id: record.id }), undefined)
      assert.equal(await store.count({ filter: {} }), 2)
      assert.equal(await stateOf(record.id, cookie.hash), 'secured')
    },
  },
  {
    claim:
      'at the limit of guests a replacement by a guest deletes the old record, and a replacement by a user keeps the old record',
    async check({ store, newSession, stored }) {
      const [one, two] = [await stored(), await stored()]
      const replace = (id: string, next: ReturnType<typeof newSession>) =>
        store.replace({ id, expected: {}, ...next, limits: { guests: 2 } })
      const guest = newSession()
      assert.equal((await replace(one.record.id, guest)).state, 'replaced')
      assert.equal(await store.get({ id: one.record.id }), undefined)
      assert.equal((await replace(two.record.id, newSession({ userId: '4' }))).state, 'replaced')
      assert.equal((await store.get({ id: two.record.id }))?.startTime, null)
      assert.equal(await store.count({ filter: { state: 'guest' } }), 1)
    },
  },
  {
    claim: 'findOTP does not consume an OTP, and only the first redeem returns the session and adds the new device',
    async check({ store, clock, stored, attached, stateOf }) {
      const { record } = await stored()
      const link = await attached(record.id, otp(clock, { details: '{"path":"/x"}' }))
      for (let look = 0; look < 3; look++) {
        assert.deepEqual(await store.findOTP({ hash: link.hash }), { session: record, credential: link })
      }
      const device = credential(clock, { via: 'link' })
      assert.equal((await store.redeem({ hash: link.hash, credential: device }))?.id, record.id)
      assert.equal(await stateOf(record.id, device.hash), 'live')
      assert.equal(await store.findOTP({ hash: link.hash }), undefined)
      assert.equal(await store.redeem({ hash: link.hash, credential: credential(clock) }), undefined)
    },
  },
  {
    claim:
      'redeem refuses a cookie, and an OTP that is unknown, has expired, or belongs to another application or a session that is not live',
    async check({ store, clock, stored, credentialsOf }) {
      const { record, cookie } = await stored()
      const closed = await stored()
      const short = otp(clock, { expiresAt: clock.now() + 10_000 })
      const long = otp(clock, { expiresAt: clock.now() + 9 * HOUR })
      const dead = otp(clock)
      for (const [id, link] of [
        [record.id, short],
        [record.id, long],
        [closed.record.id, dead],
      ] as const) {
        await store.attach({ id, credential: link })
      }
      await store.end({ id: closed.record.id, reason: 'closed' })
      const redeem = (hash: string, app = APP) => store.redeem({ app, hash, credential: credential(clock) })
      assert.equal(await redeem('unknown'), undefined)
      assert.equal(await redeem(cookie.hash), undefined)
      assert.equal(await redeem(dead.hash), undefined)
      assert.equal(await redeem(long.hash, 'OTHER'), undefined)
      clock.advance({ seconds: 10 })
      assert.equal(await redeem(short.hash), undefined)
      assert.ok(await store.findOTP({ hash: long.hash }))
      clock.advance({ milliseconds: record.end - clock.now() })
      assert.equal(await redeem(long.hash), undefined)
      assert.equal((await credentialsOf(record.id)).filter(({ kind }) => kind === 'cookie').length, 1)
    },
  },
  {
    claim: 'of many who open one link at once exactly one gets in',
    async check({ store, clock, stored, attached, stateOf }) {
      await rounds(async () => {
        const { record } = await stored()
        const link = await attached(record.id, otp(clock))
        const devices = await atOnce(async () => {
          const device = credential(clock, { via: 'link' })
          return { device, got: await store.redeem({ hash: link.hash, credential: device }) }
        })
        assert.equal(devices.filter(({ got }) => got !== undefined).length, 1)
        for (const { device, got } of devices)
          assert.equal(await stateOf(record.id, device.hash), got ? 'live' : 'unknown')
      })
    },
  },
  {
    claim: 'redeem can consume an OTP without adding a device',
    async check({ store, clock, stored, credentialsOf }) {
      const { record, cookie } = await stored()
      const link = otp(clock)
      await store.attach({ id: record.id, credential: link, by: cookie.hash })
      assert.equal((await store.redeem({ hash: link.hash }))?.id, record.id)
      assert.deepEqual(await credentialsOf(record.id), [cookie])
    },
  },
  {
    claim: 'a session may begin with only an OTP, and redeeming the OTP adds the first device',
    async check({ store, clock, stateOf }) {
      const record = session(clock)
      const link = otp(clock)
      await store.create({ session: record, credential: link })
      assert.equal((await store.findOTP({ hash: link.hash }))?.session.id, record.id)
      const device = credential(clock, { via: 'link' })
      assert.equal((await store.redeem({ hash: link.hash, credential: device }))?.id, record.id)
      assert.equal(await stateOf(record.id, device.hash), 'live')
    },
  },
  {
    claim: 'a replacement fails and changes nothing if the ID of the new session exists',
    async check({ store, newSession, stored, stateOf }) {
      const [one, two] = [await stored(), await stored()]
      const next = { ...newSession({ id: two.record.id, userName: 'Intruder' }) }
      await assert.rejects(store.replace({ id: one.record.id, expected: {}, ...next }))
      assert.equal(await stateOf(one.record.id, one.cookie.hash), 'live')
      assert.deepEqual(await store.get({ id: two.record.id }), two.record)
      assert.equal(await stateOf(two.record.id, next.credential.hash), 'unknown')
    },
  },
  {
    claim: 'the record of a replaced session keeps its user, its kind and its end, and its version increases',
    async check({ store, clock, newSession, stored }) {
      const { record } = await stored({ userId: '4', userName: 'Ana', grants: '{}', kind: 'rest', storage: '{"a":1}' })
      clock.advance({ minutes: 1 })
      await store.replace({ id: record.id, expected: {}, ...newSession() })
      assert.deepEqual(await store.get({ id: record.id }), {
        ...record,
        startTime: null,
        lastAccessTime: null,
        storage: '{}',
        version: 2,
      })
      assert.deepEqual(await store.credentials({ ids: [record.id] }), new Map([[record.id, []]]))
    },
  },
]
