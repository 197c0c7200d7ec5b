import { Kysely, sql } from 'kysely'
import { SharedPostgresDialect } from '../../db/dialects/postgres-dialect.ts'
import { explainPostgresError, nameOfPostgres } from '../../db/explain-postgres.ts'
import { appliedMigrations, isBehind, migrateToNothing } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import { StartError } from '../config/start-error.ts'
import type { Connections } from '../parts/connections.ts'

interface PostgresToReset {
  /** Throws a `StartError` when a server uses the database, or when the database belongs to another program. */
  refuseIfNeeded(): Promise<void>
  /** Drops only the demo's tables. Returns the name of the database. */
  empty(): Promise<string>
}

export async function openToReset(url: string, connections: Connections): Promise<PostgresToReset> {
  const pool = await connections.postgres(url, 'DATABASE_URL')
  const database = new Kysely<Database>({ dialect: new SharedPostgresDialect(pool) })
  const name = nameOfPostgres(url)
  return {
    async refuseIfNeeded() {
      if (await isBehind(database, name)) await refuseForeign(database, name)
      if (await isInUse(database))
        throw new StartError(`A server is using the database ${name}. Stop it first; nothing was deleted.`)
    },
    async empty() {
      try {
        await migrateToNothing(database)
        return name
      } catch (error) {
        throw explainPostgresError(error, url, 'DATABASE_URL')
      }
    },
  }
}

async function refuseForeign(database: Kysely<Database>, name: string): Promise<void> {
  const tables = await database.introspection.getTables()
  if (tables.length > 0 && (await appliedMigrations(database, name)).length === 0)
    throw new StartError(`The database ${name} is not one of this demo (DATABASE_URL). Nothing was deleted.`)
}

/** Returns whether a server uses the database. Servers and this command connect with the same `application_name`. */
async function isInUse(database: Kysely<Database>): Promise<boolean> {
  const others = await sql`
    select from pg_stat_activity
    where datname = current_database()
      and application_name = current_setting('application_name')
      and pid <> pg_backend_pid()`.execute(database)
  return others.rows.length > 0
}
