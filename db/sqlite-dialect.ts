import { CompiledQuery, type DatabaseConnection, type Driver, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'

type SqliteSettings = ConstructorParameters<typeof SqliteDialect>[0]

/**
 * Kysely's SQLite dialect for files that several processes share. Schema steps run in a transaction, so that one which
 * fails leaves nothing behind; and transactions take the write lock when they begin, so that a second process waits its
 * turn instead of failing half way.
 */
export class SharedSqliteDialect extends SqliteDialect {
  readonly #settings: SqliteSettings

  constructor(settings: SqliteSettings) {
    super(settings)
    this.#settings = settings
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#settings)
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
