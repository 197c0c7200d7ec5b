import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { migrateToLatest } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import type { Config } from '../../src/config/config.ts'
import { StartError } from '../../src/config/start-error.ts'
import { openSqlite } from '../../src/parts/open-sqlite.ts'
import { createParts } from '../../src/parts/parts.ts'
import { demoConfig } from '../support/demo.ts'
import { Program, temporaryFolder } from '../support/process.ts'

test('a second start on the same files finds all data unchanged', async (t) => {
  const folder = temporaryFolder(t)
  const config = demoConfig({
    database: { kind: 'sqlite', file: join(folder, 'crm.sqlite') },
    sessionStore: { kind: 'sqlite', file: join(folder, 'sessions.sqlite') },
  })
  const first = await createParts(config)
  await first.database.updateTable('customers').set({ name: 'kept' }).where('id', '=', 7).execute()
  await first.close({ endSessions: true })
  await first.close({ endSessions: true })
  const second = await createParts(config)
  t.after(() => second.close({ endSessions: true }))
  const row = await second.database.selectFrom('customers').selectAll().where('id', '=', 7).executeTakeFirstOrThrow()
  assert.equal(row.name, 'kept')
})

test('servers that start on one new file at the same time fill it once', async (t) => {
  const file = join(temporaryFolder(t), 'crm.sqlite')
  const starts = Array.from({ length: 4 }, () =>
    new Program(t, { entry: 'test/support/open-parts.ts', args: [file] }).run(),
  )
  for (const { code, stdout, stderr } of await Promise.all(starts))
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '252 customers\n', stderr: '' })
})

test('a path that cannot be used as the database makes the start fail with a one-line error, and stays as it was', async (t) => {
  const folder = temporaryFolder(t)
  const garbage = join(folder, 'garbage.sqlite')
  writeFileSync(garbage, 'this is no database '.repeat(200))
  mkdirSync(join(folder, 'folder'))
  const foreign = join(folder, 'foreign.sqlite')
  const shop = openSqlite(foreign, 'TEST')
  shop.exec('CREATE TABLE customers (name TEXT)')
  shop.close()
  const newer = join(folder, 'newer.sqlite')
  await (await createParts(demoConfig({ database: { kind: 'sqlite', file: newer } }))).close({ endSessions: true })
  const later = openSqlite(newer, 'TEST')
  later.exec(`INSERT INTO kysely_migration (name, timestamp) VALUES ('0099-later', '2030-01-01')`)
  later.close()

  const before = readFileSync(garbage)
  for (const [file, reason] of [
    [garbage, /is not a database/],
    [join(folder, 'folder'), /is not a file/],
    [join(folder, 'missing', 'crm.sqlite'), /folder .* does not exist/],
    [foreign, /did not create/],
    [newer, /newer version .*0099-later/],
  ] as const) {
    const refused = await startError({ database: { kind: 'sqlite', file } })
    assert.match(refused.message, reason)
    assert.match(refused.message, /DATABASE_URL/)
    assert.doesNotMatch(refused.message, /\n/)
  }
  assert.deepEqual(readFileSync(garbage), before)
})

test('a path that cannot be used as the session store makes the start fail with a one-line error, and stays as it was', async (t) => {
  const folder = temporaryFolder(t)
  const garbage = join(folder, 'garbage.sqlite')
  writeFileSync(garbage, 'this is no database '.repeat(200))
  const newer = join(folder, 'newer.sqlite')
  const sessionStore = { kind: 'sqlite', file: newer } as const
  await (await createParts(demoConfig({ sessionStore }))).close({ endSessions: true })
  const later = openSqlite(newer, 'TEST')
  later.exec('UPDATE session_schema SET version = 99')
  later.close()
  for (const [file, reason] of [
    [garbage, /is not a database/],
    [newer, /newer version/],
    [folder, /is not a file/],
  ] as const) {
    const refused = await startError({ sessionStore: { kind: 'sqlite', file } })
    assert.match(refused.message, reason)
    assert.match(refused.message, /SESSION_STORE/)
  }
})

test('a failed migration does not change the schema', async (t) => {
  const config = demoConfig({ database: { kind: 'sqlite', file: join(temporaryFolder(t), 'crm.sqlite') } })
  const { database, close } = await createParts(config)
  t.after(() => close({ endSessions: true }))
  const broken = {
    ...migrations,
    '9999-broken': {
      async up(schema: typeof database) {
        await schema.schema.dropTable('purchases').execute()
        throw new Error('half way')
      },
    },
  }
  await assert.rejects(migrateToLatest(database, 'test', broken as never), /half way/)
  assert.ok((await database.selectFrom('purchases').selectAll().limit(1).execute()).length === 1)
})

async function startError(settings: Partial<Config>): Promise<StartError> {
  const started = createParts(demoConfig(settings))
  return started.then(
    async (parts) => {
      await parts.close({ endSessions: true })
      return assert.fail('it started')
    },
    (error) => {
      assert.ok(error instanceof StartError, String(error))
      return error
    },
  )
}
