/** The methods of a connection pool that this store uses. A `Pool` of `pg` has them. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** Adds a listener, which receives each connection before `connect` returns that connection. */
  on(event: 'acquire', listener: (client: PostgresClient) => void): unknown
}

/** A connection from a pool. */
export interface PostgresClient {
  query(statement: PostgresStatement): Promise<{ rows: unknown[] }>
  on(event: 'error' | 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: PostgresNotification) => void): unknown
  /** Returns the connection to the pool, or closes the connection when `destroy` is true. */
  release(destroy?: boolean): void
  /** Lets the process exit while the connection is open. */
  unref?(): void
}

export interface PostgresStatement {
  /** The name of the prepared statement. Each connection prepares the statement once. */
  name?: string
  text: string
  values?: unknown[]
}

interface PostgresNotification {
  channel: string
  payload?: string | undefined
}

const handled = new WeakSet<PostgresPool | PostgresClient>()

/**
 * Handles the 'error' event of each connection, which would otherwise end the process. The error still causes the
 * current or next statement on the connection to fail. The listener is added on 'acquire', because the pool removes its
 * own error listener at that time.
 */
export function handleErrors(pool: PostgresPool): void {
  if (handled.has(pool)) return
  handled.add(pool)
  pool.on('acquire', (client) => {
    if (handled.has(client)) return
    handled.add(client)
    client.on('error', () => {})
  })
}
