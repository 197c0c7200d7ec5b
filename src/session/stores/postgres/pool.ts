/** The calls that this store makes. A Pool of `pg` fits. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** Calls the listener with each connection before the pool lends it. */
  on(event: 'acquire', listener: (client: PostgresClient) => void): unknown
}

/** A connection that a pool lends. */
export interface PostgresClient {
  query(statement: PostgresStatement): Promise<{ rows: unknown[] }>
  on(event: 'error' | 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: PostgresNotification) => void): unknown
  /** Returns the connection to the pool; `true` closes it instead. */
  release(destroy?: boolean): void
  /** Lets the process exit while the connection is open. */
  unref?(): void
}

export interface PostgresStatement {
  /** Prepared under this name, once for each connection. */
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
 * Keeps the error event of a connection from ending the process. The error is not lost: the current or next statement on the connection
 * fails. The pool removes its own listener when it lends a connection, before the borrower can add one, so 'acquire' is the place.
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
