import { CompiledQuery, type DatabaseConnection, type Driver, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'
import { sqliteTrouble } from '../errors.ts'

type SqliteSettings = ConstructorParameters<typeof SqliteDialect>[0]

/**
 * Kysely's SQLite dialect for files that several processes share. Schema steps run in a transaction, so that one which
 * fails leaves nothing behind; and transactions take the write lock when they begin, so that a second process waits its
 * turn instead of failing half way. A file that is locked for too long, or a full disk, throws `DatabaseUnavailable`.
 */
export class SharedSqliteDialect extends SqliteDialect {
  readonly #settings: SqliteSettings

  constructor(settings: SqliteSettings) {
    super(settings)
    this.#settings = settings
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ ...this.#settings, onCreateConnection: tellTrouble })
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  /** A full disk has undone everything already, and is what is to be told. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error
    })
  }
}

async function tellTrouble(connection: DatabaseConnection): Promise<void> {
  const execute = connection.executeQuery.bind(connection)
  connection.executeQuery = async (query) => {
    try {
      return await execute(query)
    } catch (error) {
      throw sqliteTrouble(error)
    }
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
