import assert from 'node:assert/strict'
import {
  APP,
  atOnce,
  CALLERS,
  credential,
  HOUR,
  NO_LIMITS,
  NOWHERE,
  rounds,
  type StorePromise,
  session,
  stateOf,
  stored,
} from './fixtures.ts'

/** update, attach, detach, rotate. */
export const changing: StorePromise[] = [
  {
    claim: 'an update with the right version writes its fields and raises the version by one',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const changes = {
        storage: '{"a":1}',
        userName: 'Ana',
        userId: '1',
        grants: '{}',
        idleMilliseconds: 2 * HOUR,
        end: record.end + 5,
        lastAccessTime: clock.now() + 1,
      }
      const outcome = await store.update(
        APP,
        record.id,
        { version: 1, by: cookie.hash },
        'w1',
        { ...changes, authenticatedAt: 99 },
        NO_LIMITS,
        clock.now(),
      )
      assert.deepEqual(outcome, { updated: true, ended: [] })
      const found = await store.find(APP, record.id, cookie.hash, clock.now())
      assert.equal(found?.state, 'live')
      assert.deepEqual(found.session, { ...record, ...changes, version: 2 })
      assert.deepEqual([found.credential.authenticatedAt, found.credential.via], [99, 'login'])
    },
  },
  {
    claim: 'an update with an old version, or by a device that was signed out, writes nothing',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const other = credential(clock)
      await store.attach(APP, record.id, other, undefined, NO_LIMITS, clock.now())
      await store.detach(APP, record.id, other.handle, 'revoked', clock.now())
      for (const expected of [
        { version: 0, by: cookie.hash },
        { version: 2 },
        { version: 1, by: other.hash },
        { version: 1, by: 'nobody' },
      ]) {
        assert.equal(
          (await store.update(APP, record.id, expected, 'w', { storage: '{"no":1}' }, NO_LIMITS, clock.now())).updated,
          false,
        )
      }
      assert.deepEqual((await store.get(APP, record.id))?.storage, '{}')
    },
  },
  {
    claim:
      'an update never creates and never revives: unknown, ended, removed, expired and invalidated sessions stay what they are',
    async check(trial) {
      const { store, clock } = trial
      const change = (id: string) =>
        store.update(APP, id, {}, `w-${id}`, { storage: '{"back":1}' }, NO_LIMITS, clock.now())
      const unknown = session(clock)
      const ended = await stored(trial)
      await store.end(APP, ended.record.id, 'closed', clock.now())
      const removed = await stored(trial)
      await store.remove(APP, removed.record.id, clock.now())
      const replaced = await stored(trial)
      await store.replace(APP, replaced.record.id, {}, session(clock), credential(clock), NO_LIMITS, clock.now())
      for (const id of [unknown.id, ended.record.id, removed.record.id, replaced.record.id])
        assert.equal((await change(id)).updated, false)
      for (const id of [unknown.id, ended.record.id, removed.record.id])
        assert.equal(await store.get(APP, id), undefined)
      assert.equal((await store.get(APP, replaced.record.id))?.startTime, null)
      const expired = await stored(trial)
      clock.advance({ milliseconds: expired.record.end - clock.now() })
      assert.equal((await change(expired.record.id)).updated, false)
      assert.equal((await store.get(APP, expired.record.id))?.storage, '{}')
    },
  },
  {
    claim: 'asked again with the write id that it holds, the store says yes and writes nothing',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const ask = () =>
        store.update(
          APP,
          record.id,
          { version: 1, by: cookie.hash },
          'same',
          { storage: '{"n":1}' },
          NO_LIMITS,
          clock.now(),
        )
      assert.equal((await ask()).updated, true)
      assert.equal((await ask()).updated, true)
      assert.equal((await store.get(APP, record.id))?.version, 2)
    },
  },
  {
    claim: 'of many updates of one version exactly one is made',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async () => {
        const { record, cookie } = await stored(trial)
        const outcomes = await atOnce((caller) =>
          store.update(
            APP,
            record.id,
            { version: 1, by: cookie.hash },
            `w${caller}`,
            { storage: `{"n":${caller}}` },
            NO_LIMITS,
            clock.now(),
          ),
        )
        const winners = outcomes.flatMap(({ updated }, caller) => (updated ? [caller] : []))
        assert.equal(winners.length, 1)
        assert.equal((await store.get(APP, record.id))?.storage, `{"n":${winners[0]}}`)
      })
    },
  },
  {
    claim: 'callers that read, change and compare lose no change',
    async check(trial) {
      const { store, clock } = trial
      const { record } = await stored(trial, { storage: '0' })
      await atOnce(async (caller) => {
        for (let attempt = 0; ; attempt++) {
          const read = await store.get(APP, record.id)
          assert.ok(read)
          const storage = String(Number(read.storage) + 1)
          if (
            (
              await store.update(
                APP,
                record.id,
                { version: read.version },
                `w${caller}-${attempt}`,
                { storage },
                NO_LIMITS,
                clock.now(),
              )
            ).updated
          )
            return
        }
      })
      assert.equal((await store.get(APP, record.id))?.storage, String(CALLERS))
    },
  },
  {
    claim: 'an end and updates at the same moment leave the session ended',
    async check(trial) {
      const { store, clock } = trial
      await rounds(async (round) => {
        const { record, cookie } = await stored(trial)
        await atOnce<unknown>((caller) =>
          caller === CALLERS / 2
            ? store.end(APP, record.id, 'closed', clock.now())
            : caller % 2 === 0
              ? store.touch(APP, record.id, cookie.hash, NOWHERE, clock.now())
              : store.update(
                  APP,
                  record.id,
                  { by: cookie.hash },
                  `w${round}-${caller}`,
                  { storage: '{"n":1}' },
                  NO_LIMITS,
                  clock.now(),
                ),
        )
        assert.equal(await stateOf(trial, record.id, cookie.hash), 'closed')
        assert.equal(await store.get(APP, record.id), undefined)
      })
    },
  },
  {
    claim: 'a second device finds the same session, and a session that is not live takes none',
    async check(trial) {
      const { store, clock } = trial
      const { record, cookie } = await stored(trial)
      const second = credential(clock, { via: 'link' })
      assert.equal(await store.attach(APP, record.id, second, cookie.hash, NO_LIMITS, clock.now()), true)
      assert.equal(await stateOf(trial, record.id, second.hash), 'live')
      await store.end(APP, record.id, 'closed', clock.now())
      assert.equal(await stateOf(trial, record.id, second.hash), 'closed')
      const late = credential(clock)
      assert.equal(await store.attach(APP, record.id, late, undefined, NO_LIMITS, clock.now()), false)
      assert.equal(await stateOf(trial, record.id, late.hash), 'unknown')
    },
  },
]
