/** The one call this store makes of a pool. A Pool of `pg` fits. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** Where it exists, connections are listened to from their first moment. */
  on?(event: 'connect', listener: (client: PostgresClient) => void): unknown
}

/** A connection that a pool lends. */
export interface PostgresClient {
  query(statement: PostgresStatement): Promise<{ rows: unknown[] }>
  on(event: 'error' | 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: PostgresNotification) => void): unknown
  /** Gives it back; `true` closes it. */
  release(destroy?: boolean): void
  /** Where it exists, an open connection does not keep the process alive after this. */
  unref?(): void
}

export interface PostgresStatement {
  /** Parsed and planned once for each connection, under this name. */
  name?: string
  text: string
  values?: unknown[]
}

export interface PostgresNotification {
  channel: string
  payload?: string | undefined
}

const heard = new WeakSet<PostgresPool>()

/**
 * Lets no error of a connection end the process. The pool stops listening to a connection when it lends it, and whoever borrows it has it a
 * moment later: when the server dies in between, nobody would listen.
 */
export function hearErrors(pool: PostgresPool): void {
  if (heard.has(pool)) return
  heard.add(pool)
  // The statement that is under way, or comes next, fails and tells.
  pool.on?.('connect', (client) => client.on('error', () => {}))
}
