import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Kysely, sql } from 'kysely'
import { Client, Pool, type PoolConfig } from 'pg'
import { SharedPostgresDialect } from '../../../db/dialects/postgres-dialect.ts'
import { DatabaseUnavailable } from '../../../db/errors.ts'
import { startCuttingProxy } from '../../support/servers/cutting-proxy.ts'
import { ownDatabase, postgresUrl } from '../../support/servers/test-servers.ts'

interface Tables {
  notes: { text: string }
}

const HASTY = { max: 1, query_timeout: 300, connectionTimeoutMillis: 2000 }

if (postgresUrl !== undefined) {
  test('a query that waits for a lock times out, and the next query uses another connection', async (t) => {
    const { database, url } = await openNotes(t)
    const other = await lockNotes(t, url)
    await assert.rejects(database.selectFrom('notes').selectAll().execute(), DatabaseUnavailable)
    assert.deepEqual(await answerOf(database), { answer: 42 })
    await other.query('commit')
    assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [])
  })

  test('a transaction that times out is rolled back whole', async (t) => {
    const { database, url } = await openNotes(t)
    await sql`create table others (text varchar(10))`.execute(database)
    const other = await lockNotes(t, url)
    const work = database.transaction().execute(async (transaction) => {
      await sql`insert into others values ('before')`.execute(transaction)
      await transaction.insertInto('notes').values({ text: 'never' }).execute()
    })
    await assert.rejects(work, DatabaseUnavailable)
    assert.deepEqual(await answerOf(database), { answer: 42 })
    await other.query('commit')
    await untilAlone(other)
    assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [])
    assert.deepEqual((await sql`select * from others`.execute(database)).rows, [])
  })

  test('a query to a server that stops answering times out, and queries work again when it answers', async (t) => {
    const proxy = await startCuttingProxy(t, await ownDatabase(t))
    const { database } = open(t, proxy.url)
    assert.deepEqual(await answerOf(database), { answer: 42 })
    proxy.stall()
    await assert.rejects(answerOf(database), DatabaseUnavailable)
    proxy.mend()
    assert.deepEqual(await answerOf(database), { answer: 42 })
  })

  test('a late result is never returned for another query', async (t) => {
    const { database } = open(t, await ownDatabase(t))
    await assert.rejects(sql`select 'late' as answer from pg_sleep(0.5)`.execute(database), DatabaseUnavailable)
    for (let times = 0; times < 5; times++) assert.deepEqual(await answerOf(database), { answer: 42 })
  })

  test('a lost connection ends its transaction but not the process', async (t) => {
    const { database, url } = await openNotes(t)
    const other = await connectTo(t, url)
    const work = database.transaction().execute(async (transaction) => {
      await transaction.insertInto('notes').values({ text: 'never' }).execute()
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction)
      await other.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
      await transaction.insertInto('notes').values({ text: 'never either' }).execute()
    })
    await assert.rejects(work, DatabaseUnavailable)
    assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [])
  })

  test('an error in a statement does not count as an outage, and the connection stays open', async (t) => {
    const { database, pool } = await openNotes(t)
    const pidOf = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database)).rows
    const before = await pidOf()
    await assert.rejects(sql`select nothing from nowhere`.execute(database), (error) => {
      assert.ok(!(error instanceof DatabaseUnavailable))
      return /nowhere/.test(String(error))
    })
    await assert.rejects(
      database.transaction().execute(async (transaction) => {
        await transaction.insertInto('notes').values({ text: 'never' }).execute()
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    assert.deepEqual([await pidOf(), pool.totalCount], [before, 1])
    assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [])
  })

  test('text with the NUL character matches nothing, is stored without NUL, and causes no failed query', async (t) => {
    const { database } = await openNotes(t)
    await database.insertInto('notes').values({ text: 'a\0b \u{1F600}' }).execute()
    assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [{ text: 'a\uFFFDb \u{1F600}' }])
    const found = database.selectFrom('notes').selectAll()
    assert.deepEqual(await found.where('text', '=', 'a\0c').execute(), [])
    assert.deepEqual((await sql`select 1 where 1 = ${Number.NaN}`.execute(database)).rows, [])
  })
}

function open(t: TestContext, url: string, limits: PoolConfig = HASTY) {
  const pool = new Pool({ connectionString: url, ...limits })
  pool.on('error', () => {})
  t.after(() => pool.end())
  return { pool, database: new Kysely<Tables>({ dialect: new SharedPostgresDialect(pool) }) }
}

async function openNotes(t: TestContext) {
  const url = await ownDatabase(t)
  const opened = open(t, url)
  await opened.database.schema.createTable('notes').addColumn('text', 'varchar(200)').execute()
  return { ...opened, url }
}

async function connectTo(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end())
  return client
}

async function lockNotes(t: TestContext, url: string): Promise<Client> {
  const client = await connectTo(t, url)
  await client.query('begin')
  await client.query('lock table notes in access exclusive mode')
  return client
}

/** Waits until PostgreSQL has cancelled the query. */
async function untilAlone(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()",
    )
    if (rowCount === 0) return
  }
}

async function answerOf(database: Kysely<Tables>): Promise<unknown> {
  return (await sql`select 42 as answer`.execute(database)).rows[0]
}
