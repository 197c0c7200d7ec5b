import assert from 'node:assert/strict'
import test from 'node:test'
import type { Pool } from 'pg'
import { postgresStore, preparePostgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { NOWHERE, stored, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { manualClock } from '../../../../src/session/testing/manual-clock.ts'
import { ownDatabase, postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'

const clock = manualClock()
const storeOn = (pool: Pool) => trialOf(postgresStore(pool), clock).store

if (postgresUrl !== undefined) {
  test('eight processes migrate an empty database at once, and migrating it again changes nothing', async (t) => {
    const url = await ownDatabase(t)
    const pools = Array.from({ length: 8 }, () => openPool(t, url))
    await Promise.all(pools.map((pool) => preparePostgresStore(pool)))
    const [pool = openPool(t, url)] = pools
    const { record, cookie } = await stored(trialOf(postgresStore(pool), clock))
    await preparePostgresStore(pool)
    assert.equal((await storeOn(pool).find({ id: record.id, hash: cookie.hash }))?.state, 'live')
  })

  test('[ROW-3] a PostgreSQL database of a newer version is refused with an error that says what to do and stays as it is', async (t) => {
    const { pool } = await preparedDatabase(t)
    await pool.query('UPDATE session_schema SET version = 99')
    await assert.rejects(
      preparePostgresStore(pool),
      /newer version \(layout 99; this one knows 7\)\. Update the application/,
    )
    assert.equal((await pool.query('SELECT version FROM session_schema')).rows[0].version, 99)
  })

  test('a migration that fails half way leaves no tables, and the next migration starts from an empty database', async (t) => {
    const pool = openPool(t, await ownDatabase(t))
    await pool.query('CREATE TABLE session_tombstones (mine integer)')
    await assert.rejects(preparePostgresStore(pool), /"session_tombstones" already exists/)
    assert.equal((await pool.query(`SELECT to_regclass('session_records') AS it`)).rows[0].it, null)
    await pool.query('DROP TABLE session_tombstones')
    await preparePostgresStore(pool)
  })

  test('a store without its tables says what to call', async (t) => {
    const store = storeOn(openPool(t, await ownDatabase(t)))
    await assert.rejects(store.get({ id: 'x' }), /call preparePostgresStore\(pool\) when the application starts/)
    await assert.rejects(store.touch({ id: 'x', hash: 'y', from: NOWHERE }), /call preparePostgresStore\(pool\)/)
  })

  test('two schemas of one database hold two separate stores', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    await pool.query('CREATE SCHEMA elsewhere')
    const other = openPool(t, url, { options: '-c search_path=elsewhere' })
    await preparePostgresStore(other)
    const { record } = await stored(trialOf(postgresStore(other), clock))
    assert.equal(await storeOn(pool).get({ id: record.id }), undefined)
    assert.ok(await storeOn(other).get({ id: record.id }))
  })

  for (const level of ['repeatable read', 'serializable']) {
    test(`the store refuses the isolation level "${level}", which would read outdated rows, with an error that says what to change`, async (t) => {
      const { url, pool } = await preparedDatabase(t)
      const { record } = await stored(trialOf(postgresStore(pool), clock))
      await pool.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''${level}''', current_database()); END $$`,
      )
      const strict = openPool(t, url)
      const refusal = await preparePostgresStore(strict).catch(String)
      const [, had, options] =
        /needs .* "read committed", and .* has "(.+)"\. Give the pool: options: (".+")\./.exec(refusal ?? '') ?? []
      assert.equal(had, level)
      await assert.rejects(storeOn(strict).end({ id: record.id, reason: 'closed' }), /read committed/)
      assert.ok(await storeOn(pool).get({ id: record.id }))
      const mended = openPool(t, url, { options: JSON.parse(String(options)) })
      await preparePostgresStore(mended)
      assert.ok(await storeOn(mended).end({ id: record.id, reason: 'closed' }))
    })
  }
}
