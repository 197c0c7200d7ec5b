import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  CALLERS,
  credential,
  HOUR,
  NO_LIMITS,
  otp,
  rounds,
  type StorePromise,
  session,
  stateOf,
  stored,
} from './fixtures.ts'

/** replace and redeem: the steps of which exactly one may happen. */
export const replacing: StorePromise[] = [
  {
    claim:
      '[SECURE-2] a replaced session is invalid with every credential of it, its record stays, and the new one lives',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial, { storage: '{"secret":1}', userName: 'Ana' })
      const second = credential(clock)
      const link = otp(clock)
      await store.attach(APP, record.id, second, undefined, NO_LIMITS, clock.now())
      await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
      const next = session(clock, { storage: '{"mine":1}' })
      const fresh = credential(clock)
      const replaced = await store.replace(
        APP,
        record.id,
        { version: 1, by: cookie.hash },
        next,
        fresh,
        NO_LIMITS,
        clock.now(),
      )
      assert.deepEqual(replaced, { state: 'replaced', ended: [] })
      const old = await store.get(APP, record.id)
      assert.deepEqual([old?.startTime, old?.lastAccessTime, old?.storage, old?.userName], [null, null, '{}', 'Ana'])
      for (const { hash } of [cookie, second]) {
        const found = await store.find(APP, record.id, hash, clock.now())
        assert.deepEqual(found, {
          state: 'ended',
          reason: 'secured',
          endedAt: clock.now(),
          message: false,
          successor: next.id,
        })
      }
      assert.equal(await store.findOTP(APP, link.hash, clock.now()), undefined)
      assert.deepEqual(await store.find(APP, next.id, fresh.hash, clock.now()), {
        state: 'live',
        session: next,
        credential: fresh,
      })
      assert.equal(await store.count(APP, {}, clock.now()), 2)
    },
  },
  {
    claim: 'what is not live, or whose caller was signed out, is not replaced, and no new session appears',
    async check(trial) {
      const { store, clock } = trial
      const ended = await stored(trial)
      await store.end(APP, ended.record.id, 'closed', clock.now())
      const detached = await stored(trial)
      await store.detach(APP, detached.record.id, detached.cookie.handle, 'revoked', clock.now())
      const replaced = await stored(trial)
      await store.replace(APP, replaced.record.id, {}, session(clock), credential(clock), NO_LIMITS, clock.now())
      const expired = await stored(trial, { idleMilliseconds: HOUR / 2 })
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      for (const { record, cookie } of [ended, detached, replaced, expired]) {
        const next = session(clock)
        const fresh = credential(clock)
        const outcome = await store.replace(APP, record.id, { by: cookie.hash }, next, fresh, NO_LIMITS, clock.now())
        assert.deepEqual(outcome, { state: 'gone' })
        assert.equal(await store.get(APP, next.id), undefined)
        assert.equal(await stateOf(trial, next.id, fresh.hash), 'unknown')
      }
    },
  },
  {
    claim: 'a replacement that expects another version changes nothing',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const next = session(clock)
      const outcome = await store.replace(
        APP,
        record.id,
        { version: 2, by: cookie.hash },
        next,
        credential(clock),
        NO_LIMITS,
        clock.now(),
      )
      assert.deepEqual(outcome, { state: 'moved' })
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'live')
      assert.equal(await store.get(APP, next.id), undefined)
    },
  },
  {
    claim: 'of many replacements of one session exactly one is made',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record, cookie } = await stored(trial)
        const attempts = await atOnce(async () => {
          const next = session(clock)
          const fresh = credential(clock)
          const { state } = await store.replace(
            APP,
            record.id,
            { by: cookie.hash },
            next,
            fresh,
            NO_LIMITS,
            clock.now(),
          )
          return { next, fresh, state }
        })
        assert.equal(attempts.filter(({ state }) => state === 'replaced').length, 1)
        for (const { next, fresh, state } of attempts) {
          assert.equal(await stateOf(trial, next.id, fresh.hash), state === 'replaced' ? 'live' : 'unknown')
        }
        assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
      })
    },
  },
  {
    claim: 'of a logout and a replacement at the same moment exactly one happens',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async (round) => {
        const { record, cookie } = await stored(trial)
        const next = session(clock)
        const fresh = credential(clock)
        const close = () => store.end(APP, record.id, 'closed', clock.now(), { by: cookie.hash })
        const early = round % 2 === 0 ? close() : undefined
        const replacing = store.replace(APP, record.id, { by: cookie.hash }, next, fresh, NO_LIMITS, clock.now())
        const [{ state }, ended] = await Promise.all([replacing, early ?? close()])
        const replaced = state === 'replaced'
        assert.notEqual(replaced, ended !== undefined)
        assert.equal(await stateOf(trial, next.id, fresh.hash), replaced ? 'live' : 'unknown')
        assert.equal(await stateOf(trial, record.id, cookie.hash), replaced ? 'secured' : 'closed')
      })
    },
  },
  {
    claim: '[SECURE-9] a write that meets a replacement is in the old session before it, or refused after it',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async (round) => {
        const { record, cookie } = await stored(trial)
        const next = session(clock)
        const fresh = credential(clock)
        await atOnce<unknown>((caller) =>
          caller === CALLERS / 2
            ? store.replace(APP, record.id, { by: cookie.hash }, next, fresh, NO_LIMITS, clock.now())
            : store.update(
                APP,
                record.id,
                { by: cookie.hash },
                `w${round}-${caller}`,
                { storage: '{"late":1}' },
                NO_LIMITS,
                clock.now(),
              ),
        )
        const old = await store.get(APP, record.id)
        assert.deepEqual([old?.startTime, old?.storage], [null, '{}'])
        assert.equal((await store.get(APP, next.id))?.storage, '{}')
        assert.equal(await stateOf(trial, next.id, fresh.hash), 'live')
      })
    },
  },
  {
    claim: 'when licences are short, a replacement takes over the licence of the session that it replaces',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      await stored(trial)
      const next = session(clock, { userId: '4' })
      const outcome = await store.replace(
        APP,
        record.id,
        { by: cookie.hash },
        next,
        credential(clock),
        { sessions: 2 },
        clock.now(),
      )
      assert.equal(outcome.state, 'replaced')
      assert.equal(await store.get(APP, record.id), undefined)
      assert.equal(await store.count(APP, {}, clock.now()), 2)
      assert.equal(await stateOf(trial, record.id, cookie.hash), 'secured')
    },
  },
  {
    claim: 'looking at an OTP spends nothing; redeeming it gives the session and the new device, once',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial)
      const link = otp(clock, { details: '{"path":"/x"}' })
      await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
      for (let look = 0; look < 3; look++) {
        assert.deepEqual(await store.findOTP(APP, link.hash, clock.now()), { session: record, credential: link })
      }
      const device = credential(clock, { via: 'link' })
      assert.equal((await store.redeem(APP, link.hash, device, NO_LIMITS, clock.now()))?.id, record.id)
      assert.equal(await stateOf(trial, record.id, device.hash), 'live')
      assert.equal(await store.findOTP(APP, link.hash, clock.now()), undefined)
      assert.equal(await store.redeem(APP, link.hash, credential(clock), NO_LIMITS, clock.now()), undefined)
    },
  },
  {
    claim:
      'an OTP that is unknown, expired, of another application or of a dead session, and a cookie in its place, redeems nothing',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const closed = await stored(trial)
      const short = otp(clock, { expiresAt: clock.now() + 10_000 })
      const long = otp(clock, { expiresAt: clock.now() + 9 * HOUR })
      const dead = otp(clock)
      for (const [id, link] of [
        [record.id, short],
        [record.id, long],
        [closed.record.id, dead],
      ] as const) {
        await store.attach(APP, id, link, undefined, NO_LIMITS, clock.now())
      }
      await store.end(APP, closed.record.id, 'closed', clock.now())
      const redeem = (hash: string, app = APP) => store.redeem(app, hash, credential(clock), NO_LIMITS, clock.now())
      assert.equal(await redeem('unknown'), undefined)
      assert.equal(await redeem(cookie.hash), undefined)
      assert.equal(await redeem(dead.hash), undefined)
      assert.equal(await redeem(long.hash, 'OTHER'), undefined)
      clock.advance({ seconds: 10 })
      assert.equal(await redeem(short.hash), undefined)
      assert.ok(await store.findOTP(APP, long.hash, clock.now()))
      clock.advance({ milliseconds: record.end - clock.now() })
      assert.equal(await redeem(long.hash), undefined)
      assert.equal(
        (await store.credentials(APP, [record.id])).get(record.id)?.filter(({ kind }) => kind === 'cookie').length,
        1,
      )
    },
  },
  {
    claim: 'of many who open one link at once exactly one gets in',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record } = await stored(trial)
        const link = otp(clock)
        await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
        const devices = await atOnce(async () => {
          const device = credential(clock, { via: 'link' })
          return { device, got: await store.redeem(APP, link.hash, device, NO_LIMITS, clock.now()) }
        })
        assert.equal(devices.filter(({ got }) => got !== undefined).length, 1)
        for (const { device, got } of devices)
          assert.equal(await stateOf(trial, record.id, device.hash), got ? 'live' : 'unknown')
      })
    },
  },
  {
    claim: 'an OTP can be redeemed without a new device',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const link = otp(clock)
      await store.attach(APP, record.id, link, cookie.hash, NO_LIMITS, clock.now())
      assert.equal((await store.redeem(APP, link.hash, undefined, NO_LIMITS, clock.now()))?.id, record.id)
      assert.deepEqual((await store.credentials(APP, [record.id])).get(record.id), [cookie])
    },
  },
  {
    claim: 'a session may begin with a link alone, and whoever opens it gets in',
    async check(trial) {
      const { store, clock } = trial
      const record = session(clock)
      const link = otp(clock)
      await store.create(APP, record, link, NO_LIMITS, clock.now())
      assert.equal((await store.findOTP(APP, link.hash, clock.now()))?.session.id, record.id)
      const device = credential(clock, { via: 'link' })
      assert.equal((await store.redeem(APP, link.hash, device, NO_LIMITS, clock.now()))?.id, record.id)
      assert.equal(await stateOf(trial, record.id, device.hash), 'live')
    },
  },
]
