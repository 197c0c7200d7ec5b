import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const loginFailures: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('login_failures')
      .addColumn('user_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('failures', 'integer', (column) => column.notNull())
      .execute()

    await database.schema
      .createTable('device_tokens')
      .addColumn('hash', 'varchar(43)', (column) => column.notNull())
      .addColumn('user_id', 'varchar(64)', (column) => column.notNull())
      .addColumn('last_used_at', 'varchar(24)', (column) => column.notNull())
      .addPrimaryKeyConstraint('device_tokens_key', ['hash', 'user_id'])
      .execute()
    await database.schema.createIndex('device_tokens_of_user').on('device_tokens').column('user_id').execute()
  },

  async down(database: Kysely<unknown>) {
    for (const table of ['device_tokens', 'login_failures']) await database.schema.dropTable(table).execute()
  },
}
