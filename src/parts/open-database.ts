import { Kysely } from 'kysely'
import { isEmpty, seedDemo } from '../../db/demo/seed.ts'
import { SharedPostgresDialect } from '../../db/dialects/postgres-dialect.ts'
import { SharedSqliteDialect } from '../../db/dialects/sqlite-dialect.ts'
import { explainPostgresError, nameOfPostgres } from '../../db/explain-postgres.ts'
import { explainSqliteError } from '../../db/explain-sqlite.ts'
import { isBehind, migrateToLatest } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import type { Passwords } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import type { Connections } from './connections.ts'
import { shortenLockWait } from './open-sqlite.ts'

interface Opened {
  database: Kysely<Database>
  migrate(): Promise<void>
  /** Prepares the connection for requests. Call it after the migrations. */
  serve(): void
  /** Converts a known error to a `StartError`. Returns other errors unchanged. */
  explain(error: unknown): unknown
}

/** If `isPrepared` is false, migrates the database and fills an empty demo database. Rejects with a `StartError`. */
export async function openDatabase(
  { database: setting, profile }: Pick<Config, 'database' | 'profile'>,
  passwords: Passwords,
  connections: Connections,
  { isPrepared, now }: { isPrepared: boolean; now: number },
): Promise<Kysely<Database>> {
  const { database, migrate, serve, explain } =
    setting.kind === 'postgres' ? await openPostgres(setting.url, connections) : openFile(setting.file, connections)
  try {
    if (!isPrepared) {
      await migrate()
      if (profile === 'demo' && (await isEmpty(database)))
        await seedDemo(database, (password) => passwords.hash(password), now)
    }
    serve()
    return database
  } catch (error) {
    throw explain(error)
  }
}

function openFile(file: string, connections: Connections): Opened {
  const sqlite = connections.sqlite(file, 'DATABASE_URL')
  const database = new Kysely<Database>({ dialect: new SharedSqliteDialect({ database: sqlite }) })
  return {
    database,
    migrate: () => migrateToLatest(database, file),
    serve: () => shortenLockWait(sqlite),
    explain: (error) => explainSqliteError(error, file, 'DATABASE_URL'),
  }
}

async function openPostgres(url: string, connections: Connections): Promise<Opened> {
  const pool = await connections.postgres(url, 'DATABASE_URL')
  const database = new Kysely<Database>({ dialect: new SharedPostgresDialect(pool) })
  const where = nameOfPostgres(url)
  return {
    database,
    async migrate() {
      if (!(await isBehind(database, where))) return
      // A migration may take longer than the usual timeouts, for example on a large table.
      const unlimited = await connections.unlimitedPostgres(url)
      try {
        await migrateToLatest(new Kysely<Database>({ dialect: new SharedPostgresDialect(unlimited) }), where)
      } finally {
        await unlimited.end()
      }
    },
    serve() {},
    explain: (error) => explainPostgresError(error, url, 'DATABASE_URL'),
  }
}
