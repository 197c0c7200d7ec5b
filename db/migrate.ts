import type { Kysely } from 'kysely'
import { type Migration, Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { StartError } from '../src/config/start-error.ts'
import { migrations as allMigrations } from './migrations/index.ts'
import type { Database } from './tables.ts'

const MIGRATION_TABLE = 'kysely_migration'

// If the database has one of these tables but no table of migrations, the tables belong to another program.
const TABLES: Record<keyof Database, true> = {
  sales_persons: true,
  customers: true,
  customer_notes: true,
  purchases: true,
  users: true,
  outbox: true,
  mailbox: true,
  operations: true,
  audit_events: true,
  known_devices: true,
  email_changes: true,
  password_resets: true,
  login_failures: true,
  device_tokens: true,
  visitor_sessions: true,
  visitor_hosts: true,
  demo_resets: true,
}

/** Throws a `StartError` for a database of a newer version or of another program. The database is then unchanged. */
export async function migrateToLatest(
  database: Kysely<Database>,
  where: string,
  migrations: Record<string, Migration> = allMigrations,
): Promise<void> {
  if (!(await isBehind(database, where, migrations))) return
  const { error } = await migratorOf(database, migrations).migrateToLatest()
  if (error === undefined) return
  // The error is ignored when another process has applied the migrations in the meantime.
  if (!(await isBehind(database, where, migrations))) return
  throw error
}

/** Returns whether migrations are missing. Throws the same errors as `migrateToLatest`. */
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
      `The database ${where} was written by a newer version of this program (it has the migration "${unknown}"). ` +
        'Update the program, or point DATABASE_URL at another database; nothing was changed.',
    )
  }
  return applied.length < known.length
}

/** Drops only the tables of this program. */
export async function migrateToNothing(database: Kysely<Database>): Promise<void> {
  const { error } = await migratorOf(database, allMigrations).migrateTo(NO_MIGRATIONS)
  if (error !== undefined) throw error
}

/** Ignores migrations of a newer version that the database already has. */
export async function missingMigrations(database: Kysely<Database>): Promise<string[]> {
  const applied = await namesOfApplied(database)
  return Object.keys(allMigrations).filter((name) => !applied.includes(name))
}

/** Throws a `StartError` when another program has created one of the tables. */
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
    `The database ${where} has a table "${table}" that this program did not create. ` +
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
