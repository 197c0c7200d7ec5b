import assert from 'node:assert/strict'
import test from 'node:test'
import SQLite from 'better-sqlite3'
import { Kysely } from 'kysely'
import { SharedSqliteDialect } from '../../../db/dialects/sqlite-dialect.ts'
import { migrateToLatest } from '../../../db/migrate.ts'
import { migrations } from '../../../db/migrations/index.ts'
import type { Database } from '../../../db/tables.ts'

const OWN = '0010-pending-sign-ups'

test('[JOIN-2] a SQLite file of an earlier version keeps its users, and then allows several pending ones with one address', async (t) => {
  const database = new Kysely<Database>({ dialect: new SharedSqliteDialect({ database: new SQLite(':memory:') }) })
  t.after(() => database.destroy())
  const earlier = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < OWN))
  await migrateToLatest(database, 'memory', earlier)
  const add = (id: string, email: string, validated: number) =>
    database
      .insertInto('users')
      .values({ id, email, password: null, validated, session_id: 's', created_at: 'c', validated_at: null })
      .execute()
  const users = () => database.selectFrom('users').selectAll().orderBy('id').execute()
  await add('1', 'ana@example.com', 1)
  await add('2', 'bo@example.com', 0)
  const before = await users()
  await assert.rejects(add('3', 'bo@example.com', 0), /UNIQUE/)

  await migrateToLatest(database, 'memory', migrations)
  const added = { security_stamp: '' }
  assert.deepEqual(
    await users(),
    before.map((user) => ({ ...user, ...added })),
  )
  await add('3', 'bo@example.com', 0)
  await add('4', 'ana@example.com', 0)
  await assert.rejects(add('5', 'ana@example.com', 1), /UNIQUE/)
  assert.deepEqual(
    (await users()).map(({ active }) => active),
    [1, 1, 1, 1],
    'columns of other migrations keep their defaults',
  )
})
