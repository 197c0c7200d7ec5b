import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** At most one request per customer waits for a decision. */
export const operations: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('operations')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('customer_id', 'integer', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('user_id', 'integer', (column) => column.notNull().references('sales_persons.user_id'))
      .addColumn('session_id', 'varchar(32)', (column) => column.notNull())
      .addColumn('percent', 'integer', (column) => column.notNull())
      .addColumn('reason', 'varchar(200)', (column) => column.notNull())
      .addColumn('scenario', 'varchar(10)', (column) => column.notNull())
      .addColumn('state', 'varchar(20)', (column) => column.notNull())
      .addColumn('platform_id', 'varchar(32)')
      .addColumn('asked_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('expires_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('decided_at', 'varchar(24)')
      .execute()
    await database.schema
      .createIndex('operations_waiting')
      .unique()
      .on('operations')
      .column('customer_id')
      .where(sql.ref('state'), '=', sql.lit('asked'))
      .execute()
    await database.schema.createIndex('operations_user').on('operations').columns(['user_id', 'id']).execute()
    await database.schema.createIndex('operations_customer').on('operations').columns(['customer_id', 'id']).execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.dropTable('operations').execute()
  },
}
