import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const usersAndMail: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('users')
      .addColumn('id', 'varchar(36)', (column) => column.primaryKey())
      .addColumn('email', 'varchar(254)', (column) => column.notNull().unique())
      .addColumn('password', 'varchar(60)')
      .addColumn('validated', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('session_id', 'varchar(32)', (column) => column.notNull())
      .addColumn('created_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('validated_at', 'varchar(24)')
      .execute()

    await database.schema
      .createTable('outbox')
      .addColumn('id', 'varchar(36)', (column) => column.primaryKey())
      .addColumn('kind', 'varchar(20)', (column) => column.notNull())
      .addColumn('user_id', 'varchar(36)', (column) => column.notNull())
      .addColumn('session_id', 'varchar(32)', (column) => column.notNull())
      .addColumn('email', 'varchar(254)', (column) => column.notNull())
      .addColumn('state', 'varchar(10)', (column) => column.notNull())
      .addColumn('created_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('due_at', 'varchar(24)', (column) => column.notNull())
      .addColumn('leased_until', 'varchar(24)', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('problem', 'varchar(80)')
      .addColumn('sent_at', 'varchar(24)')
      .addColumn('link_until', 'varchar(24)')
      .execute()

    await database.schema
      .createTable('mailbox')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('recipient', 'varchar(254)', (column) => column.notNull())
      .addColumn('subject', 'varchar(200)', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('html', 'text', (column) => column.notNull())
      .addColumn('links', 'text', (column) => column.notNull())
      .addColumn('sent_at', 'varchar(24)', (column) => column.notNull())
      .execute()

    await index(database, 'users', ['validated', 'created_at'])
    await index(database, 'outbox', ['state', 'due_at'])
    await index(database, 'outbox', ['email', 'created_at'])
    await index(database, 'outbox', ['user_id'])
    await index(database, 'customers', ['email'])
  },

  async down(database: Kysely<unknown>) {
    await database.schema.dropIndex('customers_email').execute()
    for (const table of ['mailbox', 'outbox', 'users']) await database.schema.dropTable(table).execute()
  },
}

function index(database: Kysely<unknown>, table: string, columns: string[]) {
  return database.schema
    .createIndex([table, ...columns].join('_'))
    .on(table)
    .columns(columns)
    .execute()
}
