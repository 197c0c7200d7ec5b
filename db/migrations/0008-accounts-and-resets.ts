import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const accountsAndResets: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .alterTable('users')
      .addColumn('active', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()

    await database.schema
      .createTable('password_resets')
      .addColumn('user_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('hash', 'varchar(64)', (column) => column.notNull().unique())
      .addColumn('account', 'varchar(64)', (column) => column.notNull())
      .addColumn('asked_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('device', 'varchar(80)', (column) => column.notNull())
      .addColumn('expires_at', 'varchar(24)', (column) => column.notNull())
      .execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.dropTable('password_resets').execute()
    await database.schema.alterTable('users').dropColumn('active').execute()
  },
}
