import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * What nobody can guess of an operation. A number may come again once an operation is gone with its customer; with the key
 * a link that was made for the one is none for the other. Those that are there already have none: no link completes them.
 */
export const operationKeys: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .alterTable('operations')
      .addColumn('key', 'varchar(36)', (column) => column.notNull().defaultTo(''))
      .execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.alterTable('operations').dropColumn('key').execute()
  },
}
