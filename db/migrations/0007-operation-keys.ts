import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** An id may be reused. The key keeps the link of the old operation from completing the new one. No link contains an empty key. */
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
