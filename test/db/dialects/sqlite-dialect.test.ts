import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import SQLite from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { SharedSqliteDialect } from '../../../db/dialects/sqlite-dialect.ts'
import { temporaryFolder } from '../../support/process.ts'

test('a query that ran before sees the columns that another process has added since', async (t) => {
  const { database, file } = openIn(t)
  const read = () => database.selectFrom('notes').selectAll().execute()
  await database.schema.createTable('notes').addColumn('text', 'text').execute()
  await database.insertInto('notes').values({ text: 'one' }).execute()
  assert.deepEqual(await read(), [{ text: 'one' }])
  const other = new SQLite(file)
  other.exec("alter table notes add column colour text default 'red'")
  other.close()
  assert.deepEqual(await read(), [{ text: 'one', colour: 'red' }])
})

test('a query is prepared once, unless 200 others have run since', async (t) => {
  const { database, prepared } = openIn(t)
  const ask = (number: number) => sql`select ${sql.lit(number)} as number`.execute(database)
  for (const number of [0, 0, 0]) await ask(number)
  assert.equal(prepared.length, 1)
  for (let number = 1; number < 200; number++) await ask(number)
  assert.deepEqual((await ask(0)).rows, [{ number: 0 }])
  assert.equal(prepared.length, 200)
  await ask(200)
  await ask(0)
  assert.equal(prepared.length, 201, 'the query that ran last is kept')
  assert.deepEqual((await ask(1)).rows, [{ number: 1 }])
  assert.equal(prepared.length, 202, 'the oldest query is not kept')
})

function openIn(t: TestContext) {
  const file = join(temporaryFolder(t), 'notes.sqlite')
  const sqlite = new SQLite(file)
  const prepared: string[] = []
  const counting = {
    prepare(text: string) {
      prepared.push(text)
      return sqlite.prepare(text)
    },
    close: () => sqlite.close(),
  }
  const database = new Kysely<{ notes: { text: string } }>({ dialect: new SharedSqliteDialect({ database: counting }) })
  t.after(() => database.destroy())
  return { database, file, prepared }
}
