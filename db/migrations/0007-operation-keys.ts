import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Operation ids may be reused. The key prevents the link of an old operation from completing a new operation. */
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
