import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Adds a random key to each operation. An id may be reused after a customer is deleted. With the key, an old link
 * cannot complete another operation with the same id. Existing operations have no key, so no link completes them.
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
