import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { makeCustomers } from '../../db/demo/seed-customers.ts'
import { isBehind } from '../../db/migrate.ts'
import { readConfig } from '../../src/config/config.ts'
import { StartError } from '../../src/config/start-error.ts'
import { createParts, type Parts } from '../../src/parts/parts.ts'
import { demoConfig } from '../support/demo.ts'
import { startServerProcess, temporaryFolder } from '../support/process.ts'
import { queryAt } from '../support/servers/crm-databases.ts'
import { freePort } from '../support/servers/free-port.ts'
import { startPostgres } from '../support/servers/postgres-server.ts'
import { administer, ownDatabase, ownName, postgresUrl } from '../support/servers/test-servers.ts'
import { Visitor } from '../support/visitor.ts'

const PASSWORD = 'a-secret-of-ours'

if (postgresUrl !== undefined) {
  test('the server starts on an empty database in PostgreSQL, fills it, and finds all data unchanged at the next start', async (t) => {
    const env = settingsOn(await ownDatabase(t), temporaryFolder(t))
    const first = await startServerProcess(t, { env })
    const noah = new Visitor(first.url)
    await noah.logInWell(4)
    assert.match((await noah.get('/customers')).text, /2 customers/)
    await first.program.stop()
    await queryAt(env.DATABASE_URL, "update customers set name = 'kept' where id = 7")

    const second = await startServerProcess(t, { env })
    const helen = new Visitor(second.url)
    await helen.logInWell(5)
    assert.match((await helen.get('/customers/7')).text, /<h1>kept</)
    await second.program.stop()
  })

  test('servers that start on one new database at the same time create and fill it once', async (t) => {
    for (let round = 0; round < 3; round++) {
      const url = await ownDatabase(t)
      const counts = await Promise.all(
        Array.from({ length: 5 }, () =>
          withParts(url, async ({ database }) => {
            const customers = await database.selectFrom('customers').select('id').execute()
            const purchases = await database.selectFrom('purchases').select('id').execute()
            return [customers.length, purchases.length]
          }),
        ),
      )
      for (const count of counts) assert.deepEqual(count, [252, makeCustomers('2026-06-30').purchases.length])
    }
  })

  test('a customer that is added after the demo data has the next id', async (t) => {
    const made = await withParts(await ownDatabase(t), async ({ database }) => {
      const last = database.selectFrom('customers').selectAll().where('id', '=', 252)
      const { id: _id, ...template } = await last.executeTakeFirstOrThrow()
      return database.insertInto('customers').values(template).returning('id').execute()
    })
    assert.deepEqual(made, [{ id: 253 }])
  })

  test('an unusable PostgreSQL makes the start fail with a one-line error that says what to do, without the password', async (t) => {
    const url = await ownDatabase(t)
    const missing = ownName()
    const [foreign, newer, other, guarded] = [
      await ownDatabase(t),
      await ownDatabase(t),
      await ownDatabase(t),
      await ownDatabase(t),
    ]
    const stranger = ownName()
    await administer(`create role ${stranger} login password '${PASSWORD}'`)
    t.after(() => administer(`drop owned by ${stranger}; drop role ${stranger}`))
    await queryAt(guarded, 'revoke create on schema public from public')
    await queryAt(foreign, 'create table users (name text)')
    await withParts(newer, async () => {})
    await queryAt(newer, "insert into kysely_migration values ('0099-later', '2030-01-01')")
    await queryAt(other, 'create table kysely_migration (name varchar(255) primary key, timestamp varchar(255))')
    await queryAt(other, "insert into kysely_migration values ('2020-shop', '2020-01-01')")

    const { port } = new URL(url)
    for (const [address, reason] of [
      [
        `postgres://crm:${PASSWORD}@127.0.0.1:${await freePort()}/crm`,
        /PostgreSQL does not answer at 127\.0\.0\.1:\d+\. Start it/,
      ],
      [`postgres://crm:${PASSWORD}@nowhere.invalid/crm`, /PostgreSQL does not answer at nowhere\.invalid:5432/],
      [withUser(url, `nobody:${PASSWORD}`), /does not let "nobody" in: .*role "nobody" does not exist/],
      [
        withUser(databaseOf(url, missing), `crm:${PASSWORD}`),
        new RegExp(`createdb -h 127\\.0\\.0\\.1 -p ${port} -U crm ${missing} `),
      ],
      [withUser(guarded, `${stranger}:${PASSWORD}`), /privileges: .* GRANT USAGE, CREATE ON SCHEMA public TO/],
      [foreign, /has a table "users" that this program did not create/],
      [other, /has a table "kysely_migration" that this program did not create/],
      [newer, /newer version .*0099-later/],
    ] as const) {
      const refused = await startError(address)
      assert.match(refused.message, reason)
      assert.match(refused.message, /DATABASE_URL/)
      assert.doesNotMatch(refused.message, /\n/)
      assert.ok(!refused.message.includes(PASSWORD), refused.message)
    }
    assert.deepEqual(await queryAt(foreign, "select tablename from pg_tables where schemaname = 'public'"), [
      { tablename: 'users' },
    ])
  })

  test('a wrong and a missing password have different messages, and no password is printed', async (t) => {
    const server = await startPostgres()
    t.after(() => server.close())
    await queryAt(server.url, `create role guarded login password '${PASSWORD}'`)
    const [{ file }] = (await queryAt(server.url, "select current_setting('hba_file') as file")) as [{ file: string }]
    const rules = "('host all guarded 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')"
    await queryAt(server.url, `copy (values ${rules}) to '${file}'`)
    await queryAt(server.url, 'select pg_reload_conf()')
    await untilRefused(withUser(server.url, 'guarded:another'))
    for (const [user, reason] of [
      [
        `guarded:not-${PASSWORD}`,
        /does not let "guarded" in: password authentication failed .*Check the user and the password in DATABASE_URL/,
      ],
      ['guarded', /wants a password for "guarded"\. Put it into DATABASE_URL/],
    ] as const) {
      const refused = await startError(withUser(server.url, user))
      assert.match(refused.message, reason)
      assert.ok(!refused.message.includes(PASSWORD), refused.message)
    }
  })

  test('tables of the same names in another schema are ignored', async (t) => {
    const url = await ownDatabase(t)
    await queryAt(
      url,
      'create schema shop; create table shop.customers (name text); create table shop.kysely_migration (x int)',
    )
    assert.equal(await withParts(url, ({ database }) => isBehind(database, 'test')), false)
    assert.deepEqual(await queryAt(url, 'select * from shop.customers'), [])
  })

  test('without SESSION_STORE the sessions are stored in the PostgreSQL database of the CRM', () => {
    const { database, sessionStore } = readConfig({ DATABASE_URL: 'postgres://crm@db.example.com/crm' })
    assert.deepEqual(sessionStore, database)
  })
}

function settingsOn(url: string, folder: string) {
  return { DATABASE_URL: url, SESSION_STORE: `sqlite:${join(folder, 'sessions.sqlite')}`, PORT: '0', BCRYPT_COST: '4' }
}

function withUser(url: string, user: string): string {
  return url.replace(/\/\/[^@]*@/, `//${user}@`)
}

function databaseOf(url: string, name: string): string {
  return url.replace(/[^/]*$/, name)
}

/** Waits until PostgreSQL has reloaded its access rules. */
async function untilRefused(url: string): Promise<void> {
  while (
    await queryAt(url, 'select').then(
      () => true,
      () => false,
    )
  );
}

async function withParts<T>(url: string, work: (parts: Parts) => Promise<T>): Promise<T> {
  const parts = await createParts(demoConfig({ database: { kind: 'postgres', url } }))
  try {
    return await work(parts)
  } finally {
    await parts.close({ endSessions: true })
  }
}

async function startError(url: string): Promise<StartError> {
  return withParts(url, async () => {}).then(
    () => assert.fail(`it started on ${url}`),
    (error) => {
      assert.ok(error instanceof StartError, error.stack)
      return error
    },
  )
}
