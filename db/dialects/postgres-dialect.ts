import {
  type DatabaseIntrospector,
  type DatabaseMetadataOptions,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  type QueryCompiler,
  sql,
  type TableMetadata,
} from 'kysely'
import { NeutralColumns } from './postgres-columns.ts'
import { PostgresDriver, type PostgresPool } from './postgres-driver.ts'

/** With this dialect, migrations and queries have the same results as in SQLite. */
export class SharedPostgresDialect implements Dialect {
  readonly #pool: PostgresPool

  constructor(pool: PostgresPool) {
    this.#pool = pool
  }

  createDriver(): Driver {
    return new PostgresDriver(this.#pool)
  }

  createQueryCompiler(): QueryCompiler {
    return new NeutralColumns()
  }

  /** The adapter's lock ensures that only one process at a time runs migrations. */
  createAdapter(): PostgresAdapter {
    return new PostgresAdapter()
  }

  createIntrospector(database: Kysely<unknown>): DatabaseIntrospector {
    return new OwnSchemaIntrospector(database)
  }
}

class OwnSchemaIntrospector extends PostgresIntrospector {
  readonly #database: Kysely<unknown>

  constructor(database: Kysely<unknown>) {
    super(database)
    this.#database = database
  }

  override async getTables(options?: DatabaseMetadataOptions): Promise<TableMetadata[]> {
    const { rows } = await sql<{ own: string | null }>`select current_schema() as own`.execute(this.#database)
    const tables = await super.getTables(options)
    return tables.filter(({ schema }) => schema === rows[0]?.own)
  }
}
