import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'pg'
import { postgresStore, preparePostgresStore } from '../../../../src/session/stores/postgres/index.ts'
import { APP, atOnce, stored, type Trial, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { queryAt } from '../../../support/servers/crm-databases.ts'
import { startCuttingProxy } from '../../../support/servers/cutting-proxy.ts'
import { findPostgres, startPostgres, startStandby } from '../../../support/servers/postgres-server.ts'
import { postgresUrl } from '../../../support/servers/test-servers.ts'
import { until } from '../../../support/until.ts'
import { openPool } from '../../support/postgres-store.ts'

// The store replaces a connection that is older than this limit.
const LIFE_MILLISECONDS = 1000

if (postgresUrl !== undefined && findPostgres() !== undefined) {
  // The first test starts the servers. A start while the file loads would delay tests of other files in this process.
  let started: ReturnType<typeof startServers> | undefined
  after(async () => {
    const servers = await started
    await servers?.admin.end()
    await servers?.standby.close()
    await servers?.primary.close()
  })
  const servers = () => {
    started ??= startServers()
    return started
  }

  test('[WRITE-4] PostgreSQL with a full disk refuses writes, and the store opens no new connection', async (t) => {
    const { primary, admin } = await servers()
    const pool = openPool(t, primary.url, { max: 1 })
    const trial = trialOf(postgresStore(pool))
    await stored(trial)
    await pause(LIFE_MILLISECONDS)
    const connections = countConnections(pool)
    await admin.query(`
      CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON session_records EXECUTE FUNCTION fill_disk();
      CREATE TRIGGER full_disk BEFORE INSERT ON session_tombstones EXECUTE FUNCTION fill_disk();`)
    assert.equal(await probe(trial), 'refusing')
    await assert.rejects(stored(trial), /could not extend file/)
    await admin.query('DROP FUNCTION fill_disk CASCADE')
    assert.equal(await probe(trial), 'writable')
    await stored(trial)
    assert.equal(connections(), 0)
  })

  test('[WRITE-3] when PostgreSQL becomes read-only and its host name leads to the new primary, writes work again', async (t) => {
    const { primary, standby, admin } = await servers()
    const proxy = await startCuttingProxy(t, primary.url)
    const pool = openPool(t, proxy.url, { max: 6 })
    const trial = trialOf(postgresStore(pool))
    const { record, cookie } = await stored(trial)
    const heard: unknown[] = []
    const stopListening = trial.store.announcements?.listen({ app: APP, listener: (id) => heard.push(id) })
    t.after(stopListening)
    await atOnce(() => trial.store.count({ filter: {} }))
    assert.equal(await probe(trial), 'writable')
    assert.equal(await probe(trialOf(postgresStore(openPool(t, standby.url)))), 'read-only')

    await admin.query('ALTER SYSTEM SET default_transaction_read_only = on')
    await admin.query('SELECT pg_reload_conf()')
    await pause(LIFE_MILLISECONDS)
    assert.equal(await probe(trial), 'read-only')
    const connections = countConnections(pool)
    const end = performance.now() + LIFE_MILLISECONDS - 100
    while (performance.now() < end) await assert.rejects(stored(trial), /read-only transaction/)
    assert.ok(connections() <= 6, `${connections()} new connections in a second, of a pool of 6`)

    await openPool(t, standby.url).query('SELECT pg_promote()')
    proxy.leadTo(standby.url)
    await pause(LIFE_MILLISECONDS)
    await Promise.all([stored(trial), stored(trial), stored(trial)])
    assert.equal(await probe(trial), 'writable')
    await until('the listener is on the new primary', () => hasListener(standby.url))
    heard.length = 0
    await trial.store.end({ id: record.id, reason: 'closed', by: cookie.hash })
    await until('the end is heard', async () => heard.some((id) => id === record.id || id === undefined))
    stopListening?.()
  })
}

async function startServers() {
  const primary = await startPostgres()
  const admin = new Pool({ connectionString: primary.url })
  admin.on('error', () => {})
  await preparePostgresStore(admin)
  return { primary, admin, standby: await startStandby(primary) }
}

async function probe({ store }: Trial): Promise<string | undefined> {
  return (await store.probe?.({}))?.state
}

function countConnections(pool: Pool): () => number {
  let count = 0
  pool.on('connect', () => count++)
  return () => count
}

async function hasListener(url: string): Promise<boolean> {
  const found = await queryAt(
    url,
    `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE '%is_read_only'`,
  )
  return found.length > 0
}
