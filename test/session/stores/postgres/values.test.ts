import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import type { CustomTypesConfig } from 'pg'
import { NEVER } from '../../../../src/session/record.ts'
import { credential, otp, session, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { withOwnApps } from '../../support/own-app.ts'
import { preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
// NUL, the character that replaces NUL in the database, quotes, and a surrogate pair.
const ODD = `a\u0000b\u001a0\u001a\u0000"'\\{},NULL 😀\u00e9`

if (postgresUrl !== undefined) {
  const { store: shared, another } = await preparedDatabase({ after })

  test('text in every field is returned unchanged, including NUL', async () => {
    const { store } = trialOf(withOwnApps(shared), clock)
    const record = session(clock, { userName: ODD, userId: ODD, grants: ODD, storage: ODD })
    const cookie = credential(clock, { device: ODD, address: ODD, details: ODD, handle: ODD, hash: ODD })
    await store.create({ session: record, credential: cookie })
    const found = { session: record, credential: cookie }
    assert.deepEqual(await store.find({ id: record.id, hash: ODD }), { state: 'live', ...found })
    assert.deepEqual((await store.credentials({ ids: [record.id] })).get(record.id), [cookie])
    assert.deepEqual((await store.list({ filter: { userId: ODD }, page: {} })).sessions, [record])
    const link = otp(clock, { purpose: ODD })
    await store.attach({ id: record.id, credential: otp(clock, { purpose: ODD }) })
    await store.attach({ id: record.id, credential: link })
    assert.deepEqual((await store.credentials({ ids: [record.id] })).get(record.id)?.length, 2)
    assert.deepEqual(await store.redeem({ hash: link.hash }), record)
    const ended = await store.endMany({ filter: { userId: ODD }, reason: 'revoked', message: ODD })
    assert.deepEqual(ended, [{ id: record.id, kind: 'web', userName: ODD, userId: ODD, reason: 'revoked' }])
    assert.equal(await store.takeMessage({ id: record.id, hash: ODD }), ODD)
    assert.equal(await store.find({ id: ODD, hash: ODD }), undefined)
  })

  test('storage of a hundred thousand characters is returned complete, even after a login that keeps the storage', async () => {
    const { store } = trialOf(withOwnApps(shared), clock)
    const storage = JSON.stringify({ text: '\\"é😀{'.repeat(20_000) })
    const [first, second] = [session(clock, { storage }), session(clock, { storage })]
    await store.create({ session: first, credential: credential(clock) })
    await store.replace({ id: first.id, expected: {}, session: second, credential: credential(clock) })
    assert.equal((await store.get({ id: second.id }))?.storage, storage)
    await store.update({ id: second.id, expected: {}, writeId: 'w', changes: { userName: 'Ana' } })
    assert.equal((await store.get({ id: second.id }))?.storage, storage)
  })

  const drivers: Record<string, (text: string) => unknown> = {
    text: String,
    numbers: Number,
    floats: Number.parseFloat,
  }
  for (const [name, parse] of Object.entries(drivers)) {
    test(`times are returned as numbers, including infinity and fractions, when the driver returns numbers as ${name}`, async () => {
      const types = { getTypeParser: () => (text: string) => parse(text) }
      const { store } = trialOf(withOwnApps(another({ types: numericTypes(types) })), clock)
      const record = session(clock, { absoluteEnd: NEVER, idleMilliseconds: 3_600_000.25, version: 2 ** 40 })
      const cookie = credential(clock, { lastSeenAt: clock.now() + 0.5 })
      await store.create({ session: record, credential: cookie })
      assert.deepEqual(await store.find({ id: record.id, hash: cookie.hash }), {
        state: 'live',
        session: record,
        credential: cookie,
      })
      assert.equal(await store.count({ filter: {} }), 1)
      await store.end({ id: record.id, reason: 'closed' })
      const found = await store.find({ id: record.id, hash: cookie.hash })
      assert.equal(found?.state === 'ended' && found.endedAt, clock.now())
    })
  }
}

const NUMERIC = [20, 701]

/** Uses the driver's parsers for numeric types, and returns values of all other types as text. */
function numericTypes({ getTypeParser }: CustomTypesConfig): CustomTypesConfig {
  return {
    getTypeParser: ((oid: number) =>
      NUMERIC.includes(oid) ? getTypeParser(oid) : String) as CustomTypesConfig['getTypeParser'],
  }
}
