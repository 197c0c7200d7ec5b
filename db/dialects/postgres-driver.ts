import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely'
import { DatabaseUnavailable, endsConnection, mapPostgresError } from '../errors.ts'

/** A `Pool` of pg. The driver never ends the pool. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

/** A `PoolClient` of pg. `release(true)` closes the connection. */
interface PostgresClient {
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

/** Closes a connection after a query timeout, because the next query could receive the delayed result. */
export class PostgresDriver implements Driver {
  readonly #pool: PostgresPool

  constructor(pool: PostgresPool) {
    this.#pool = pool
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    try {
      return new PooledConnection(await this.#pool.connect())
    } catch (error) {
      throw new DatabaseUnavailable(error)
    }
  }

  async beginTransaction(connection: PooledConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin isolation level read committed'))
  }

  async commitTransaction(connection: PooledConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  /** Never throws, because a second error would hide the error that caused the rollback. */
  async rollbackTransaction(connection: PooledConnection): Promise<void> {
    await connection.rollback()
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.release()
  }

  async destroy(): Promise<void> {}
}

class PooledConnection implements DatabaseConnection {
  readonly #client: PostgresClient
  #isBroken = false
  // Without a listener, a lost connection would end the process.
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
      throw mapPostgresError(error)
    }
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed here
  async *streamQuery<R>(): AsyncGenerator<QueryResult<R>> {
    throw new TypeError('Nothing is streamed from PostgreSQL here: read page by page instead.')
  }

  async rollback(): Promise<void> {
    if (this.#isBroken) return
    await this.executeQuery(CompiledQuery.raw('rollback')).catch(this.#onError)
  }

  release(): void {
    this.#client.off('error', this.#onError)
    this.#client.release(this.#isBroken)
  }
}

/** Converts NaN to null, as SQLite does. Replaces NUL characters, which PostgreSQL cannot store. */
function asBound(value: unknown): unknown {
  if (Number.isNaN(value)) return null
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value
}
