import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

const TABLES_OF_VISITORS = ['outbox', 'mailbox', 'customers']

/** Who caused a row on the public demo, and when its data is reset. */
export const publicDemo: Migration = {
  async up(database: Kysely<unknown>) {
    for (const table of TABLES_OF_VISITORS)
      await database.schema
        .alterTable(table)
        .addColumn('visitor', 'varchar(43)', (column) => column.notNull().defaultTo(''))
        .execute()
    await database.schema
      .createTable('visitor_sessions')
      .addColumn('session_id', 'varchar(32)', (column) => column.primaryKey())
      .addColumn('visitor', 'varchar(43)', (column) => column.notNull())
      .addColumn('host', 'varchar(43)')
      .execute()
    for (const column of ['visitor', 'host'])
      await database.schema.createIndex(`visitor_sessions_${column}`).on('visitor_sessions').column(column).execute()
    await database.schema
      .createTable('visitor_hosts')
      .addColumn('visitor', 'varchar(43)', (column) => column.primaryKey())
      .addColumn('host', 'varchar(43)', (column) => column.notNull())
      .execute()
    await database.schema
      .createTable('demo_resets')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('due_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('ends_sessions', 'integer', (column) => column.notNull())
      .execute()
  },

  async down(database: Kysely<unknown>) {
    for (const table of ['demo_resets', 'visitor_hosts', 'visitor_sessions'])
      await database.schema.dropTable(table).execute()
    for (const table of TABLES_OF_VISITORS) await database.schema.alterTable(table).dropColumn('visitor').execute()
  },
}
