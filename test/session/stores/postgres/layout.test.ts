import assert from 'node:assert/strict'
import test from 'node:test'
import type { Pool } from 'pg'
import { postgresStore, preparePostgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { prepareSchema, STEPS } from '../../../../src/session/stores/postgres/schema.ts'
import { ownDatabase, postgresUrl } from '../../../support/servers/test-servers.ts'
import { openPool, preparedDatabase } from '../../support/postgres-store.ts'
import { fingerprint, releasedSql } from '../../support/released-data.ts'
import { assertKept, assertSideBySide, startReleased, writeSessions } from '../../support/released-sessions.ts'

const NEXT = [
  ...STEPS,
  `ALTER TABLE session_records ADD COLUMN extra text;
  ALTER TABLE session_credentials ADD COLUMN extra text NOT NULL DEFAULT 'extra';`,
]
const layoutOf = async (pool: Pool) => (await pool.query('SELECT version FROM session_schema')).rows[0].version

if (postgresUrl !== undefined) {
  test('[ROW-1] no session is lost when this version prepares a PostgreSQL database of version 0.5.0', async (t) => {
    const { sql, sessions } = releasedSql('postgres')
    const pool = openPool(t, await ownDatabase(t))
    await pool.query(sql)
    assert.equal(await layoutOf(pool), 1)
    await preparePostgresStore(pool)
    assert.equal(await layoutOf(pool), STEPS.length)
    await assertKept(await startReleased(t, { store: postgresStore(pool) }), sessions)
  })

  test('[ROW-2] a new migration step adds columns in PostgreSQL while processes of the previous version use it', async (t) => {
    const { url, pool } = await preparedDatabase(t)
    const old = await startReleased(t, { store: postgresStore(pool) })
    const sessions = await writeSessions(old)
    const pools = Array.from({ length: 4 }, () => openPool(t, url, { max: 4 }))
    const writes = Array.from({ length: 40 }, () => old.visitor().read('/write'))
    await Promise.all([...writes, ...pools.map((other) => prepareSchema(other, NEXT))])
    assert.equal(await layoutOf(pool), NEXT.length)
    await pool.query(
      `DELETE FROM session_credentials c USING session_records s WHERE s.key = c.session_key AND s.storage = '{"key":"1"}'`,
    )
    await pool.query(`DELETE FROM session_records WHERE storage = '{"key":"1"}'`)
    const recent = await startReleased(t, { store: postgresStore(pools[0] as Pool) })
    await assertSideBySide(old, recent, sessions)
    await assertKept(recent, sessions)
  })

  test('[ROW-3] a PostgreSQL database with an unreadable layout is refused with an error that says what to do and stays as it is', async (t) => {
    const { pool } = await preparedDatabase(t)
    const unreadable = /layout of the stored sessions is unreadable \(.*\)\. To start without sessions/
    for (const layout of [-1, 0]) {
      await pool.query('UPDATE session_schema SET version = $1', [layout])
      await assert.rejects(preparePostgresStore(pool), unreadable)
      assert.equal(await layoutOf(pool), layout)
    }
    await pool.query('DELETE FROM session_schema')
    await assert.rejects(preparePostgresStore(pool), unreadable)
  })

  test('[ROW-5] the released migration step of the PostgreSQL store never changes', () => {
    assert.deepEqual(STEPS.slice(0, 1).map(fingerprint), ['2e71ee2f8980d65b'], 'add a step instead')
  })
}
