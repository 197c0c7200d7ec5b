/** What this store asks of a pool. A Pool of `pg` fits. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** Told of each connection before it is lent. */
  on(event: 'acquire', listener: (client: PostgresClient) => void): unknown
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

interface PostgresNotification {
  channel: string
  payload?: string | undefined
}

const heard = new WeakSet<PostgresPool | PostgresClient>()

/**
 * Lets no error of a connection end the process: the statement that is under way, or comes next, fails and tells. The pool stops listening to a
 * connection when it lends it, and whoever borrows it has it a moment later, so this listens before.
 */
export function hearErrors(pool: PostgresPool): void {
  if (heard.has(pool)) return
  heard.add(pool)
  pool.on('acquire', (client) => {
    if (heard.has(client)) return
    heard.add(client)
    client.on('error', () => {})
  })
}
