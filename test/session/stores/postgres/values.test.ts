import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { CustomTypesConfig } from 'pg'
import { NEVER } from '../../../../src/session/record.ts'
import { APP, credential, NO_LIMITS, otp, session } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
// What PostgreSQL cannot store, what stands for it, quotes of all sorts, and characters outside of Unicode's first plane.
const ODD = `a\u0000b\u001a0\u001a\u0000"'\\{},NULL 😀\u00e9`

if (postgresUrl !== undefined) {
  const { store: shared, another } = await preparedDatabase({ after })

  test('text comes back as it was given, NUL and all, wherever text is kept', async () => {
    const store = withOwnApps(shared)
    const record = session(clock, { userName: ODD, userId: ODD, grants: ODD, storage: ODD })
    const cookie = credential(clock, { device: ODD, address: ODD, details: ODD, handle: ODD, hash: ODD })
    await store.create(APP, record, cookie, NO_LIMITS, clock.now())
    const found = { session: record, credential: cookie }
    assert.deepEqual(await store.find(APP, record.id, ODD, clock.now()), { state: 'live', ...found })
    assert.deepEqual((await store.credentials(APP, [record.id])).get(record.id), [cookie])
    assert.deepEqual((await store.list(APP, { userId: ODD }, {}, clock.now())).sessions, [record])
    const link = otp(clock, { purpose: ODD })
    await store.attach(APP, record.id, otp(clock, { purpose: ODD }), undefined, NO_LIMITS, clock.now())
    await store.attach(APP, record.id, link, undefined, NO_LIMITS, clock.now())
    assert.deepEqual((await store.credentials(APP, [record.id])).get(record.id)?.length, 2)
    assert.deepEqual(await store.redeem(APP, link.hash, undefined, NO_LIMITS, clock.now()), record)
    const ended = await store.endMany(APP, { userId: ODD }, 'revoked', clock.now(), ODD)
    assert.deepEqual(ended, [{ id: record.id, kind: 'web', userName: ODD, userId: ODD, reason: 'revoked' }])
    assert.equal(await store.takeMessage(APP, ODD, clock.now()), ODD)
    assert.equal(await store.find(APP, ODD, ODD, clock.now()), undefined)
  })

  test('storage of a hundred thousand characters comes back whole, also when a login keeps it', async () => {
    const store = withOwnApps(shared)
    const storage = JSON.stringify({ text: '\\"é😀{'.repeat(20_000) })
    const [first, second] = [session(clock, { storage }), session(clock, { storage })]
    await store.create(APP, first, credential(clock), NO_LIMITS, clock.now())
    await store.replace(APP, first.id, {}, second, credential(clock), NO_LIMITS, clock.now())
    assert.equal((await store.get(APP, second.id))?.storage, storage)
    await store.update(APP, second.id, {}, 'w', { userName: 'Ana' }, NO_LIMITS, clock.now())
    assert.equal((await store.get(APP, second.id))?.storage, storage)
  })

  const drivers: Record<string, (text: string) => unknown> = {
    text: String,
    numbers: Number,
    floats: Number.parseFloat,
  }
  for (const [name, parse] of Object.entries(drivers)) {
    test(`times are numbers, the one that never comes and fractions included, when the driver gives numbers as ${name}`, async () => {
      const types = { getTypeParser: () => (text: string) => parse(text) }
      const store = withOwnApps(another({ types: numericTypes(types) }))
      const record = session(clock, { absoluteEnd: NEVER, idleMilliseconds: 3_600_000.25, version: 2 ** 40 })
      const cookie = credential(clock, { lastSeenAt: clock.now() + 0.5 })
      await store.create(APP, record, cookie, NO_LIMITS, clock.now())
      assert.deepEqual(await store.find(APP, record.id, cookie.hash, clock.now()), {
        state: 'live',
        session: record,
        credential: cookie,
      })
      assert.equal(await store.count(APP, {}, clock.now()), 1)
      await store.end(APP, record.id, 'closed', clock.now())
      const found = await store.find(APP, record.id, cookie.hash, clock.now())
      assert.equal(found?.state === 'ended' && found.endedAt, clock.now())
    })
  }
}

const NUMERIC = [20, 701]

/** Leaves everything but numbers to the driver's own parsers. */
function numericTypes({ getTypeParser }: CustomTypesConfig): CustomTypesConfig {
  return {
    getTypeParser: ((oid: number) =>
      NUMERIC.includes(oid) ? getTypeParser(oid) : String) as CustomTypesConfig['getTypeParser'],
  }
}
