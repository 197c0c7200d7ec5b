import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const salespersonsAndCustomers: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('sales_persons')
      .addColumn('user_id', 'integer', (column) => column.primaryKey())
      .addColumn('firstname', 'varchar(60)', (column) => column.notNull())
      .addColumn('lastname', 'varchar(60)', (column) => column.notNull())
      .addColumn('email', 'varchar(254)', (column) => column.notNull().unique())
      .addColumn('password', 'varchar(60)', (column) => column.notNull())
      .addColumn('role', 'varchar(20)', (column) => column.notNull())
      .addColumn('active', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()

    await database.schema
      .createTable('customers')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'varchar(120)', (column) => column.notNull())
      .addColumn('name_folded', 'varchar(120)', (column) => column.notNull())
      .addColumn('country', 'varchar(60)', (column) => column.notNull())
      .addColumn('city', 'varchar(60)', (column) => column.notNull())
      .addColumn('industry', 'varchar(60)', (column) => column.notNull())
      .addColumn('contact', 'varchar(120)', (column) => column.notNull())
      .addColumn('email', 'varchar(254)', (column) => column.notNull())
      .addColumn('phone', 'varchar(40)', (column) => column.notNull())
      .addColumn('total_purchase', 'integer', (column) => column.notNull())
      .addColumn('customer_since', 'varchar(10)', (column) => column.notNull())
      .addColumn('sales_person', 'integer', (column) => column.notNull().references('sales_persons.user_id'))
      .execute()

    await database.schema
      .createTable('purchases')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('customer_id', 'integer', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('purchased_on', 'varchar(10)', (column) => column.notNull())
      .addColumn('description', 'varchar(200)', (column) => column.notNull())
      .addColumn('amount', 'integer', (column) => column.notNull())
      .execute()

    await index(database, 'customers', ['name_folded', 'id'])
    await index(database, 'customers', ['sales_person', 'name_folded', 'id'])
    await index(database, 'customers', ['sales_person', 'total_purchase', 'id'])
    await index(database, 'purchases', ['customer_id', 'purchased_on'])
  },

  async down(database: Kysely<unknown>) {
    for (const table of ['purchases', 'customers', 'sales_persons']) await database.schema.dropTable(table).execute()
  },
}

function index(database: Kysely<unknown>, table: string, columns: string[]) {
  return database.schema
    .createIndex([table, ...columns].join('_'))
    .on(table)
    .columns(columns)
    .execute()
}
