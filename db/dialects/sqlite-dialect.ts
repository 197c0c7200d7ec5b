import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely'
import { mapSqliteError } from '../errors.ts'

// Lists of values of different lengths make different statements, so the number of statements has no limit of its own.
const MOST_STATEMENTS = 200

/**
 * A transaction takes the write lock when it begins, because several processes write to the same file. A transaction
 * that took the lock at its first write could fail at that write.
 */
export class SharedSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase

  constructor({ database }: { database: SqliteDatabase }) {
    super({ database })
    this.#database = database
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: preparedOnce(this.#database), onCreateConnection: mapErrors })
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

/** Keeps the statements, because preparing a statement takes about as long as running it. */
function preparedOnce(database: SqliteDatabase): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      const statement = statements.get(sql) ?? database.prepare(sql)
      // A used statement moves to the end, so the first statement is the one that has not been used for longest.
      statements.delete(sql)
      statements.set(sql, statement)
      if (statements.size > MOST_STATEMENTS) statements.delete(String(statements.keys().next().value))
      return statement
    },
    close: () => database.close(),
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
