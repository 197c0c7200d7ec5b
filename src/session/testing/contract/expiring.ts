import assert from 'node:assert/strict'
import { credential, HOUR, NOWHERE, otp, type StorePromise, type Trial } from './fixtures.ts'

/** Stores a session with a link, a cookie that never expires, and a cookie from a link that expires after an hour. */
async function withExpiring({ clock, stored, attached }: Trial) {
  const { record, cookie } = await stored({ idleMilliseconds: 20 * HOUR, absoluteEnd: clock.now() + 90 * HOUR })
  const brief = await attached(record.id, credential(clock, { via: 'link', expiresAt: clock.now() + HOUR }))
  const link = await attached(record.id, otp(clock, { expiresAt: clock.now() + 9 * HOUR }))
  return { record, cookie, brief, link }
}

/** The rules of a credential that expires before its session. */
export const expiring: StorePromise[] = [
  {
    claim: '[REMEMBER-4] a cookie that expires before its session has ended from then on, and no other credential ends',
    async check(trial) {
      const { store, clock, stateOf } = trial
      const { record, cookie, brief, link } = await withExpiring(trial)
      clock.advance({ milliseconds: HOUR - 1 })
      assert.deepEqual(await store.find({ id: record.id, hash: brief.hash }), {
        state: 'live',
        session: record,
        credential: brief,
      })
      clock.advance({ milliseconds: 1 })
      const ended = { state: 'ended', reason: 'absolute', endedAt: brief.expiresAt, message: false, origin: null }
      assert.deepEqual(await store.find({ id: record.id, hash: brief.hash }), ended)
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
      assert.ok(await store.findOTP({ hash: link.hash }))
      clock.advance({ hours: 30 })
      assert.deepEqual(await store.find({ id: record.id, hash: brief.hash }), ended)
    },
  },
  {
    claim: '[REMEMBER-4] if a session expires before its cookie, the end of the session counts',
    async check({ store, clock, stored, attached }) {
      const { record } = await stored()
      const brief = await attached(record.id, credential(clock, { expiresAt: record.end + HOUR }))
      clock.advance({ hours: 5 })
      const found = await store.find({ id: record.id, hash: brief.hash })
      assert.deepEqual(found, {
        state: 'ended',
        reason: 'idle',
        endedAt: record.end,
        message: false,
        origin: null,
      })
    },
  },
  {
    claim: '[REMEMBER-4] a cookie writes until it expires, and then changes, replaces and ends nothing',
    async check(trial) {
      const { store, clock, newSession, credentialsOf } = trial
      const { record, brief } = await withExpiring(trial)
      const { id } = record
      const by = brief.hash
      let writes = 0
      const update = async (changes: object) => {
        const { updated } = await store.update({ id, expected: { by }, writeId: `w${++writes}`, changes })
        return updated
      }
      const touch = () => store.touch({ id, hash: by, from: { ...NOWHERE, device: `Browser ${clock.now()}` } })
      clock.advance({ milliseconds: HOUR - 1 })
      assert.equal(await update({ storage: '{"a":1}' }), true)
      assert.equal(await update({ userName: 'Ana' }), true)
      await touch()
      assert.equal(await store.attach({ id, credential: otp(clock), by }), true)
      const before = { record: await store.get({ id }), credentials: await credentialsOf(id) }
      assert.equal(before.credentials.find(({ hash }) => hash === by)?.lastSeenAt, clock.now())
      clock.advance({ milliseconds: 1 })
      assert.equal(await update({ storage: '{"a":2}' }), false)
      assert.equal(await update({ userName: 'Bo', authenticatedAt: clock.now() }), false)
      await touch()
      for (const credentialMade of [otp(clock), credential(clock)])
        assert.equal(await store.attach({ id, credential: credentialMade, by }), false)
      for (const others of ['keep', 'end'] as const)
        assert.equal(await store.rotate({ id, by, credential: credential(clock), others }), false)
      assert.deepEqual(await store.replace({ id, expected: { by }, ...newSession() }), { state: 'gone' })
      assert.equal(await store.end({ id, reason: 'closed', by }), undefined)
      assert.deepEqual({ record: await store.get({ id }), credentials: await credentialsOf(id) }, before)
    },
  },
  {
    claim: '[REMEMBER-4] the sweep removes a cookie five minutes after its expiry and keeps the session',
    async check(trial) {
      const { store, clock, stateOf, credentialsOf, attached, entries } = trial
      const { record, cookie, brief, link } = await withExpiring(trial)
      await store.detach({ id: record.id, handle: brief.handle, reason: 'revoked' })
      clock.advance({ minutes: 2 })
      await store.sweep({ limit: 10 })
      const before = await entries?.()
      const restored = () => store.count({ filter: { state: 'restored' } })
      assert.equal(await restored(), 0)
      const second = await attached(record.id, {
        ...brief,
        hash: `${brief.hash}-second`,
        expiresAt: clock.now() + HOUR,
      })
      assert.equal(await restored(), 1)
      clock.advance({ milliseconds: HOUR + 5 * 60_000 - 1 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.equal(await stateOf(record.id, second.hash), 'absolute')
      clock.advance({ milliseconds: 1 })
      assert.deepEqual(await store.sweep({ limit: 10 }), [])
      assert.equal(await stateOf(record.id, second.hash), 'unknown')
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
      assert.ok(await store.findOTP({ hash: link.hash }))
      const hashes = (await credentialsOf(record.id)).map(({ hash }) => hash)
      assert.deepEqual(hashes.sort(), [cookie.hash, link.hash].sort())
      assert.equal(await restored(), 0)
      assert.equal(await entries?.(), before)
    },
  },
  {
    claim: '[REMEMBER-4] a rotated cookie keeps its own expiry, and the old cookie leaves nothing that expires',
    async check(trial) {
      const { store, clock, stateOf } = trial
      const { record, brief } = await withExpiring(trial)
      const next = credential(clock, { via: 'link', expiresAt: brief.expiresAt })
      assert.equal(await store.rotate({ id: record.id, by: brief.hash, credential: next, others: 'keep' }), true)
      assert.equal(await stateOf(record.id, brief.hash), 'secured')
      clock.advance({ hours: 1, minutes: 5 })
      assert.equal(await stateOf(record.id, next.hash), 'absolute')
      await store.sweep({ limit: 10 })
      assert.equal(await stateOf(record.id, next.hash), 'unknown')
    },
  },
  {
    claim: '[REMEMBER-4] at the limit of credentials an expired device ends before any other device',
    async check(trial) {
      const { store, clock, stateOf } = trial
      const { record, cookie, brief } = await withExpiring(trial)
      clock.advance({ milliseconds: HOUR - 1 })
      await store.touch({ id: record.id, hash: brief.hash, from: NOWHERE })
      clock.advance({ milliseconds: 1 })
      const limits = { credentials: 2 }
      assert.equal(await store.attach({ id: record.id, credential: credential(clock), limits }), true)
      assert.equal(await stateOf(record.id, brief.hash), 'limit')
      assert.equal(await stateOf(record.id, cookie.hash), 'live')
    },
  },
]
