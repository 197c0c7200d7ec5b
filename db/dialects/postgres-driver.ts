import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely'
import { DatabaseUnavailable, endsConnection, postgresTrouble } from '../errors.ts'

/** The one call made on a pool; a pg Pool fits. Whoever made it closes it. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

/** The calls made on a connection while it is lent. `release(true)` closes it instead of lending it again. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<PostgresResult>
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
  release(destroy: boolean): void
}

interface PostgresResult {
  command: string
  rowCount: number | null
  rows: unknown[]
}

const CHANGES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE']

/**
 * Runs Kysely's queries on the connections of a pool. A connection is closed as soon as nobody can know what still runs on it: one whose
 * query timed out would answer the next question with the answer to the last. What cannot be reached throws `DatabaseUnavailable`.
 */
export class PostgresDriver implements Driver {
  readonly #pool: PostgresPool

  constructor(pool: PostgresPool) {
    this.#pool = pool
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<LentConnection> {
    try {
      return new LentConnection(await this.#pool.connect())
    } catch (error) {
      throw new DatabaseUnavailable(error)
    }
  }

  async beginTransaction(connection: LentConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin isolation level read committed'))
  }

  async commitTransaction(connection: LentConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  /** Never throws: what led here is what is to be told, and a connection that is closed undoes by itself. */
  async rollbackTransaction(connection: LentConnection): Promise<void> {
    await connection.undo()
  }

  async releaseConnection(connection: LentConnection): Promise<void> {
    connection.giveBack()
  }

  async destroy(): Promise<void> {}
}

class LentConnection implements DatabaseConnection {
  readonly #client: PostgresClient
  #isBroken = false
  // Without a listener, a connection that is cut while it is lent ends the process.
  readonly #onError = () => {
    this.#isBroken = true
  }

  constructor(client: PostgresClient) {
    this.#client = client
    client.on('error', this.#onError)
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const { command, rowCount, rows } = await this.#client.query(sql, parameters.map(asBound))
      const changed = CHANGES.includes(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}
      return { ...changed, rows: rows as R[] }
    } catch (error) {
      if (endsConnection(error)) this.#isBroken = true
      throw postgresTrouble(error)
    }
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed here
  async *streamQuery<R>(): AsyncGenerator<QueryResult<R>> {
    throw new TypeError('Nothing is streamed from PostgreSQL here: read page by page instead.')
  }

  async undo(): Promise<void> {
    if (this.#isBroken) return
    await this.executeQuery(CompiledQuery.raw('rollback')).catch(this.#onError)
  }

  giveBack(): void {
    this.#client.off('error', this.#onError)
    this.#client.release(this.#isBroken)
  }
}

/** As SQLite takes them: NaN is nothing. Text with NUL, which PostgreSQL cannot hold, becomes one that nobody has. */
function asBound(value: unknown): unknown {
  if (Number.isNaN(value)) return null
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value
}
