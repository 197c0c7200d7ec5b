import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Several pending sign-ups may have the same address. At most one validated account may have this address. */
export const pendingSignUps: Migration = {
  async up(database: Kysely<unknown>) {
    await (isPostgres(database)
      ? sql`alter table users drop constraint users_email_key`.execute(database)
      : rebuild(database))
    await database.schema.createIndex('users_email').on('users').column('email').execute()
    await sql`create unique index users_validated_email on users (email) where validated = 1`.execute(database)
  },

  async down(database: Kysely<unknown>) {
    await sql`delete from users where validated = 0`.execute(database)
    for (const name of ['users_validated_email', 'users_email']) await database.schema.dropIndex(name).execute()
    await (isPostgres(database)
      ? sql`alter table users add constraint users_email_key unique (email)`
      : sql`create unique index users_email_key on users (email)`
    ).execute(database)
  },
}

function isPostgres(database: Kysely<unknown>): boolean {
  return database.getExecutor().adapter instanceof PostgresAdapter
}

/** SQLite cannot drop a constraint. The new table has all columns that the old table has at this time. */
async function rebuild(database: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_master where type = 'table' and name = 'users'`.execute(database)
  const statement = String(rows[0]?.sql)
    .replace(/"users"/, '"users_without_constraint"')
    .replace(' unique', '')
  await sql.raw(statement).execute(database)
  await sql`insert into users_without_constraint select * from users`.execute(database)
  await database.schema.dropTable('users').execute()
  await sql`alter table users_without_constraint rename to users`.execute(database)
  await database.schema
    .createIndex('users_validated_created_at')
    .on('users')
    .columns(['validated', 'created_at'])
    .execute()
}
