import { CompiledQuery, type DatabaseConnection, type Driver, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'
import { mapSqliteError } from '../errors.ts'

type SqliteSettings = ConstructorParameters<typeof SqliteDialect>[0]

/**
 * A transaction takes the write lock when it begins. If it waited until its first write, the write could fail, because
 * several processes write to the same file.
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

  /** Ignores a missing transaction: after an error such as a full disk, SQLite has already rolled back. */
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
