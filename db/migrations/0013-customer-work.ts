import { type ColumnBuilderCallback, type ColumnDataType, type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

const NULLABLE: ColumnBuilderCallback = (column) => column
const zero: ColumnBuilderCallback = (column) => column.notNull().defaultTo(0)
const salesperson: ColumnBuilderCallback = (column) => column.references('sales_persons.user_id')

const ADDED: [
  table: string,
  column: string,
  type: ColumnDataType | `varchar(${number})`,
  build: ColumnBuilderCallback,
][] = [
  ['customers', 'next_step', 'varchar(200)', (column) => column.notNull().defaultTo('')],
  ['customers', 'next_step_on', 'varchar(10)', NULLABLE],
  ['customers', 'changed_at', 'varchar(24)', NULLABLE],
  ['customers', 'changed_by', 'integer', salesperson],
  ['customers', 'removed_at', 'varchar(24)', NULLABLE],
  ['customers', 'removed_by', 'integer', salesperson],
  ['purchases', 'discount_percent', 'integer', zero],
  ['purchases', 'discount', 'integer', zero],
  ['operations', 'used_at', 'varchar(24)', NULLABLE],
  ['sales_persons', 'portfolio_version', 'integer', zero],
]

/** The lists never show removed customers, so their indexes leave these customers out. */
const LISTS = [
  ['name_folded', 'id'],
  ['sales_person', 'name_folded', 'id'],
  ['sales_person', 'total_purchase', 'id'],
]

/** Notes, next steps, discounts of purchases, and customers whose removal can be undone. */
export const customerWork: Migration = {
  async up(database: Kysely<unknown>) {
    for (const [table, column, type, build] of ADDED)
      await database.schema.alterTable(table).addColumn(column, type, build).execute()

    await database.schema
      .createTable('customer_notes')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('customer_id', 'integer', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('user_id', 'integer', (column) => column.notNull().references('sales_persons.user_id'))
      .addColumn('text', 'varchar(2000)', (column) => column.notNull())
      .addColumn('written_at', 'varchar(24)', (column) => column.notNull())
      .execute()
    await database.schema
      .createIndex('customer_notes_customer')
      .on('customer_notes')
      .columns(['customer_id', 'id'])
      .execute()
    for (const columns of LISTS) {
      await database.schema.dropIndex(nameOf(columns)).execute()
      await database.schema
        .createIndex(nameOf(columns))
        .on('customers')
        .columns(columns)
        .where(sql.ref('removed_at'), 'is', null)
        .execute()
    }
    await database.schema
      .createIndex('customers_removed')
      .on('customers')
      .columns(['removed_by', 'removed_at'])
      .where(sql.ref('removed_at'), 'is not', null)
      .execute()
  },

  async down(database: Kysely<unknown>) {
    await database.schema.dropIndex('customers_removed').execute()
    for (const columns of LISTS) {
      await database.schema.dropIndex(nameOf(columns)).execute()
      await database.schema.createIndex(nameOf(columns)).on('customers').columns(columns).execute()
    }
    await database.schema.dropTable('customer_notes').execute()
    for (const [table, column] of ADDED.toReversed())
      await database.schema.alterTable(table).dropColumn(column).execute()
  },
}

function nameOf(columns: string[]): string {
  return ['customers', ...columns].join('_')
}
