import { CompiledQuery, type DatabaseConnection, type Driver, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'
import { mapSqliteError } from '../errors.ts'

type SqliteSettings = ConstructorParameters<typeof SqliteDialect>[0]

/**
 * A transaction takes the write lock when it begins, because several processes write to the same file. A transaction
 * that took the lock at its first write could fail at that write.
 */
export class SharedSqliteDialect extends SqliteDialect {
  readonly #settings: SqliteSettings

  constructor(settings: SqliteSettings) {
    super(settings)
    this.#settings = settings
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ ...this.#settings, onCreateConnection: mapErrors })
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  /** Ignores a missing transaction, because SQLite itself rolls back after an error such as a full disk. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error
    })
  }
}

async function mapErrors(connection: DatabaseConnection): Promise<void> {
  const execute = connection.executeQuery.bind(connection)
  connection.executeQuery = async (query) => {
    try {
      return await execute(query)
    } catch (error) {
      throw mapSqliteError(error)
    }
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
