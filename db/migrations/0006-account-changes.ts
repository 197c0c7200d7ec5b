import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const accountChanges: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('outbox').addColumn('details', 'varchar(1000)').execute()

    await database.schema
      .createTable('known_devices')
      .addColumn('user_id', 'varchar(64)', (column) => column.notNull())
      .addColumn('device', 'varchar(80)', (column) => column.notNull())
      .addColumn('first_seen_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('last_seen_at', 'varchar(24)', (column) => column.notNull())
      .addPrimaryKeyConstraint('known_devices_key', ['user_id', 'device'])
      .execute()

    await database.schema
      .createTable('email_changes')
      .addColumn('user_id', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('id', 'varchar(36)', (column) => column.notNull().unique())
      .addColumn('email', 'varchar(254)', (column) => column.notNull())
      .addColumn('session_id', 'varchar(32)', (column) => column.notNull())
      .addColumn('asked_at', 'varchar(24)', (column) => column.notNull())
      .execute()
  },

  async down(database: Kysely<unknown>) {
    for (const table of ['email_changes', 'known_devices']) await database.schema.dropTable(table).execute()
    await database.schema.alterTable('outbox').dropColumn('details').execute()
  },
}
