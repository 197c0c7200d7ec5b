import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

const TABLES = ['sales_persons', 'users']

/** The empty text fits the sessions that began before this migration, so the migration signs no user out. */
export const securityStamps: Migration = {
  async up(database: Kysely<unknown>) {
    for (const table of TABLES)
      await database.schema
        .alterTable(table)
        .addColumn('security_stamp', 'varchar(36)', (column) => column.notNull().defaultTo(''))
        .execute()
  },

  async down(database: Kysely<unknown>) {
    for (const table of TABLES) await database.schema.alterTable(table).dropColumn('security_stamp').execute()
  },
}
