import { type Kysely, type Migration, Migrator } from 'kysely'
import type { Database } from '../src/database.js'
import { StartError } from '../src/start-error.js'
import { migrations as allMigrations } from './migrations/index.js'

const MIGRATION_TABLE = 'kysely_migration'

/**
 * Brings the schema up to date; does nothing when it is. A database that a newer version of this program has written,
 * or that belongs to another program, is refused with a `StartError` before anything in it is touched.
 */
export async function migrateToLatest(
  database: Kysely<Database>,
  where: string,
  migrations: Record<string, Migration> = allMigrations,
): Promise<void> {
  const known = Object.keys(migrations)
  const applied = await appliedMigrations(database, where)
  const unknown = applied.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new StartError(
      `The database ${where} was written by a newer version of this program (it knows the schema step "${unknown}"). ` +
        'Update the program, or point DATABASE_URL at another file; nothing was changed.',
    )
  }
  if (applied.length === known.length) return

  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  // Another process that starts on the same file may have been quicker.
  if ((await appliedMigrations(database, where)).length === known.length) return
  throw error
}

async function appliedMigrations(database: Kysely<Database>, where: string): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true })
  const names = tables.map((table) => table.name)
  if (names.includes(MIGRATION_TABLE)) {
    const rows = await database
      .withTables<{ [MIGRATION_TABLE]: { name: string } }>()
      .selectFrom(MIGRATION_TABLE)
      .select('name')
      .execute()
    return rows.map((row) => row.name)
  }
  if (names.includes('customers') || names.includes('sales_persons')) {
    throw new StartError(
      `The database ${where} has tables of these names that this program did not make. ` +
        'Point DATABASE_URL at another file; nothing was changed.',
    )
  }
  return []
}
