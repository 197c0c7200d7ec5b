import assert from 'node:assert/strict'
import type { SessionId } from '../../record.ts'
import type { Expected, SessionChanges } from '../../store.ts'
import { atOnce, CALLERS, credential, HOUR, NOWHERE, rounds, type StorePromise, session } from './fixtures.ts'

/** The rules of `update`, and some rules of `attach`. */
export const changing: StorePromise[] = [
  {
    claim: 'an update of the expected version writes its fields and raises the version by one',
    async check({ store, clock, stored }) {
      const { record, cookie } = await stored()
      const changes = {
        storage: '{"a":1}',
        userName: 'Ana',
        userId: '1',
        grants: '{}',
        idleMilliseconds: 2 * HOUR,
        end: record.end + 5,
        lastAccessTime: clock.now() + 1,
      }
      const outcome = await store.update({
        id: record.id,
        expected: { version: 1, by: cookie.hash },
        writeId: 'w1',
        changes: { ...changes, authenticatedAt: 99 },
      })
      assert.deepEqual(outcome, { updated: true, ended: [] })
      const found = await store.find({ id: record.id, hash: cookie.hash })
      assert.equal(found?.state, 'live')
      assert.deepEqual(found.session, { ...record, ...changes, version: 2 })
      assert.deepEqual([found.credential.authenticatedAt, found.credential.via], [99, 'login'])
    },
  },
  {
    claim: 'an update that expects another version, or comes from a device that was signed out, writes nothing',
    async check({ store, stored, attached }) {
      const { record, cookie } = await stored()
      const other = await attached(record.id)
      await store.detach({ id: record.id, handle: other.handle, reason: 'revoked' })
      for (const expected of [
        { version: 0, by: cookie.hash },
        { version: 2 },
        { version: 1, by: other.hash },
        { version: 1, by: 'unknown' },
      ]) {
        assert.equal(
          (await store.update({ id: record.id, expected, writeId: 'w', changes: { storage: '{"no":1}' } })).updated,
          false,
        )
      }
      assert.deepEqual((await store.get({ id: record.id }))?.storage, '{}')
    },
  },
  {
    claim: 'an update never creates or revives a session that is unknown, ended, removed, expired or invalidated',
    async check({ store, clock, newSession, stored }) {
      const change = (id: string) =>
        store.update({ id, expected: {}, writeId: `w-${id}`, changes: { storage: '{"back":1}' } })
      const unknown = session(clock)
      const ended = await stored()
      await store.end({ id: ended.record.id, reason: 'closed' })
      const removed = await stored()
      await store.remove({ id: removed.record.id })
      const replaced = await stored()
      await store.replace({ id: replaced.record.id, expected: {}, ...newSession() })
      for (const id of [unknown.id, ended.record.id, removed.record.id, replaced.record.id])
        assert.equal((await change(id)).updated, false)
      for (const id of [unknown.id, ended.record.id, removed.record.id])
        assert.equal(await store.get({ id }), undefined)
      assert.equal((await store.get({ id: replaced.record.id }))?.startTime, null)
      const expired = await stored()
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      assert.equal((await change(expired.record.id)).updated, false)
      assert.equal((await store.get({ id: expired.record.id }))?.storage, '{}')
    },
  },
  {
    claim: 'an update that is repeated with the same write id returns true and writes nothing',
    async check({ store, stored }) {
      const [{ record, cookie }, other] = [await stored(), await stored()]
      const update = (id: SessionId, expected: Expected, writeId: string) =>
        store.update({ id, expected, writeId, changes: { storage: '{"n":1}' } })
      const ask = (expected: Expected) => update(record.id, expected, 'same')
      assert.equal((await ask({ version: 1, by: cookie.hash })).updated, true)
      assert.equal((await ask({ version: 1, by: cookie.hash })).updated, true)
      assert.equal((await ask({ by: cookie.hash })).updated, true)
      const repeated = await Promise.all([ask({}), update(other.record.id, {}, 'w'), ask({})])
      assert.ok(repeated.every(({ updated }) => updated))
      assert.equal((await store.get({ id: record.id }))?.version, 2)
    },
  },
  {
    claim: 'of many updates of one version exactly one succeeds',
    async check({ store, stored }) {
      await rounds(async () => {
        const { record, cookie } = await stored()
        const outcomes = await atOnce((caller) =>
          store.update({
            id: record.id,
            expected: { version: 1, by: cookie.hash },
            writeId: `w${caller}`,
            changes: { storage: `{"n":${caller}}` },
          }),
        )
        const winners = outcomes.flatMap(({ updated }, caller) => (updated ? [caller] : []))
        assert.equal(winners.length, 1)
        assert.equal((await store.get({ id: record.id }))?.storage, `{"n":${winners[0]}}`)
      })
    },
  },
  {
    claim: 'callers that read, then compare and set, lose no change',
    async check({ store, stored }) {
      const { record } = await stored({ storage: '0' })
      await atOnce(async (caller) => {
        for (let attempt = 0; ; attempt++) {
          const read = await store.get({ id: record.id })
          assert.ok(read)
          const storage = String(Number(read.storage) + 1)
          if (
            (
              await store.update({
                id: record.id,
                expected: { version: read.version },
                writeId: `w${caller}-${attempt}`,
                changes: { storage },
              })
            ).updated
          )
            return
        }
      })
      assert.equal((await store.get({ id: record.id }))?.storage, String(CALLERS))
    },
  },
  {
    claim: 'an end and updates at the same moment leave the session ended',
    async check({ store, stored, stateOf }) {
      await rounds(async (round) => {
        const { record, cookie } = await stored()
        await atOnce<unknown>((caller) =>
          caller === CALLERS / 2
            ? store.end({ id: record.id, reason: 'closed' })
            : caller % 2 === 0
              ? store.touch({ id: record.id, hash: cookie.hash, from: NOWHERE })
              : store.update({
                  id: record.id,
                  expected: { by: cookie.hash },
                  writeId: `w${round}-${caller}`,
                  changes: { storage: '{"n":1}' },
                }),
        )
        assert.equal(await stateOf(record.id, cookie.hash), 'closed')
        assert.equal(await store.get({ id: record.id }), undefined)
      })
    },
  },
  {
    claim: 'a second device finds the same session, and a session that is not live accepts none',
    async check({ store, clock, stored, stateOf }) {
      const { record, cookie } = await stored()
      const second = credential(clock, { via: 'link' })
      assert.equal(await store.attach({ id: record.id, credential: second, by: cookie.hash }), true)
      assert.equal(await stateOf(record.id, second.hash), 'live')
      await store.end({ id: record.id, reason: 'closed' })
      assert.equal(await stateOf(record.id, second.hash), 'closed')
      const late = credential(clock)
      assert.equal(await store.attach({ id: record.id, credential: late }), false)
      assert.equal(await stateOf(record.id, late.hash), 'unknown')
    },
  },
  {
    claim: 'an update changes only the given fields, and never sets the last access to an earlier time',
    async check({ store, clock, stored, attached, credentialsOf }) {
      const { record, cookie } = await stored({ userId: '4', userName: 'Ana', grants: '{}', storage: '{"a":1}' })
      const second = await attached(record.id)
      const update = (changes: SessionChanges, version: number) =>
        store.update({ id: record.id, expected: { version }, writeId: `w${version}`, changes })
      assert.equal((await update({ lastAccessTime: clock.now() - 1 }, 1)).updated, true)
      assert.equal((await update({ userName: '' }, 2)).updated, true)
      assert.equal((await update({ storage: '{}' }, 3)).updated, true)
      assert.equal((await update({ grants: '' }, 4)).updated, true)
      assert.deepEqual(await store.get({ id: record.id }), {
        ...record,
        userName: '',
        storage: '{}',
        grants: '',
        version: 5,
      })
      assert.deepEqual(new Set(await credentialsOf(record.id)), new Set([cookie, second]))
    },
  },
]
