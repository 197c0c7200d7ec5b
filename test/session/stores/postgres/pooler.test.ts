import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createSessions, type SessionEvents } from '../../../../src/session/index.ts'
import { postgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { stored, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

if (postgresUrl !== undefined) {
  const { url } = await preparedDatabase({ after })

  test('[WRITE-8] when a pooler loses prepared statements, no call fails, and one warning names the setting to change', async (t) => {
    const pool = openPool(t, url, { max: 1 })
    const store = postgresStore(pool)
    const manager = createSessions({ appName: 'SHOP', store, sweepSeconds: 0 })
    const warnings: SessionEvents['warning'][] = []
    manager.on('warning', (warning) => warnings.push(warning))
    const trial = trialOf(store)
    const { record, cookie } = await stored(trial)
    const find = () => trial.store.find({ id: record.id, hash: cookie.hash })
    for (const found of await Promise.all([find(), find()])) assert.equal(found?.state, 'live')
    assert.equal(warnings.length, 0)
    // A pooler in transaction mode may run each transaction on a connection without the prepared statement.
    for (let round = 0; round < 3; round++) {
      await pool.query('DEALLOCATE ALL')
      await stored(trial)
      for (const found of await Promise.all([find(), find()])) assert.equal(found?.state, 'live')
    }
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]?.message ?? '', /PgBouncer before 1\.21 .* max_prepared_statements/)
    assert.equal(Reflect.get(warnings[0] ?? {}, 'code'), 'POSTGRES_POOLED_BY_TRANSACTION')
    await manager.close()
  })

  test('[WRITE-8] no call fails when another client has a prepared statement on the same connection of a pooler', async (t) => {
    const [other, pool] = [openPool(t, url, { max: 1 }), openPool(t, url, { max: 1 })]
    await stored(trialOf(postgresStore(other)))
    const prepared = await other.query('SELECT name FROM pg_prepared_statements')
    for (const { name } of prepared.rows) await pool.query(`PREPARE ${name} AS SELECT 1`)
    const codes: string[] = []
    const store = postgresStore(pool)
    store.warnings?.listen(({ code }) => codes.push(code))
    await stored(trialOf(store))
    await stored(trialOf(store))
    assert.deepEqual(codes, ['POSTGRES_POOLED_BY_TRANSACTION'])
  })
}
