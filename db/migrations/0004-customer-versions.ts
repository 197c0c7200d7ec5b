import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const customerVersions: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .alterTable('customers')
      .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.alterTable('customers').dropColumn('version').execute()
  },
}
