import type { Kysely } from 'kysely'
import { type Migration, Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { StartError } from '../src/config/start-error.ts'
import { migrations as allMigrations } from './migrations/index.ts'
import type { Database } from './tables.ts'

const MIGRATION_TABLE = 'kysely_migration'

// All of them, so that a table of somebody else is noticed before anything is made.
const TABLES: Record<keyof Database, true> = {
  sales_persons: true,
  customers: true,
  purchases: true,
  users: true,
  outbox: true,
  mailbox: true,
  operations: true,
  audit_events: true,
  known_devices: true,
  email_changes: true,
}

/**
 * Brings the schema up to date; does nothing when it is. A database that a newer version of this program has written,
 * or that belongs to another program, is refused with a `StartError` before anything in it is touched.
 */
export async function migrateToLatest(
  database: Kysely<Database>,
  where: string,
  migrations: Record<string, Migration> = allMigrations,
): Promise<void> {
  if (!(await isBehind(database, where, migrations))) return
  const { error } = await migratorOf(database, migrations).migrateToLatest()
  if (error === undefined) return
  // Another process that starts on the same database may have been quicker.
  if (!(await isBehind(database, where, migrations))) return
  throw error
}

/** Whether there are steps that this database has not seen. Refuses what `migrateToLatest` refuses. */
export async function isBehind(
  database: Kysely<Database>,
  where: string,
  migrations: Record<string, Migration> = allMigrations,
): Promise<boolean> {
  const known = Object.keys(migrations)
  const applied = await appliedMigrations(database, where)
  if (applied.length > 0 && !applied.some((name) => known.includes(name))) throw foreignTable(where, MIGRATION_TABLE)
  const unknown = applied.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new StartError(
      `The database ${where} was written by a newer version of this program (it knows the schema step "${unknown}"). ` +
        'Update the program, or point DATABASE_URL at another database; nothing was changed.',
    )
  }
  return applied.length < known.length
}

/** Takes every step back, the newest first: all of our tables go with what is in them, and nothing else does. */
export async function migrateToNothing(database: Kysely<Database>): Promise<void> {
  const { error } = await migratorOf(database, allMigrations).migrateTo(NO_MIGRATIONS)
  if (error !== undefined) throw error
}

/** The steps that this program knows and the database lacks, by name. Those that a newer version has added are no lack. */
export async function missingMigrations(
  database: Kysely<Database>,
  migrations: Record<string, Migration> = allMigrations,
): Promise<string[]> {
  const applied = await namesOfApplied(database)
  return Object.keys(migrations).filter((name) => !applied.includes(name))
}

/** The steps that this database has seen. Refuses one that has tables of our names from somebody else. */
export async function appliedMigrations(database: Kysely<Database>, where: string): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true })
  const names = tables.map((table) => table.name)
  if (names.includes(MIGRATION_TABLE)) return namesOfApplied(database)
  const foreign = names.find((name) => Object.hasOwn(TABLES, name))
  if (foreign !== undefined) throw foreignTable(where, foreign)
  return []
}

function foreignTable(where: string, table: string): StartError {
  return new StartError(
    `The database ${where} has a table "${table}" that this program did not make. ` +
      'Point DATABASE_URL at another database; nothing was changed.',
  )
}

function migratorOf(database: Kysely<Database>, migrations: Record<string, Migration>): Migrator {
  return new Migrator({ db: database, provider: { getMigrations: async () => migrations } })
}

async function namesOfApplied(database: Kysely<Database>): Promise<string[]> {
  const rows = await database
    .withTables<{ [MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(MIGRATION_TABLE)
    .select('name')
    .execute()
  return rows.map((row) => row.name)
}
