import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const audit: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('audit_events')
      .addColumn('id', 'varchar(24)', (column) => column.primaryKey())
      .addColumn('at', 'varchar(24)', (column) => column.notNull())
      .addColumn('event', 'varchar(30)', (column) => column.notNull())
      .addColumn('user_id', 'varchar(64)')
      .addColumn('user_name', 'varchar(120)', (column) => column.notNull())
      .addColumn('by_user_id', 'varchar(64)')
      .addColumn('by_user_name', 'varchar(120)', (column) => column.notNull())
      .addColumn('session_id', 'varchar(32)')
      .addColumn('address', 'varchar(64)')
      .addColumn('device', 'varchar(200)')
      .addColumn('request_id', 'varchar(64)')
      .addColumn('detail', 'varchar(300)', (column) => column.notNull())
      .addColumn('times', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()

    for (const column of ['event', 'user_id', 'user_name', 'by_user_id', 'session_id', 'address'])
      await database.schema.createIndex(`audit_events_${column}`).on('audit_events').columns([column, 'id']).execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.dropTable('audit_events').execute()
  },
}
