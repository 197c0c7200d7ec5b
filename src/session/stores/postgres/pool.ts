/** The methods of a connection pool that the store uses. A `Pool` of `pg` has them. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** The listener receives each connection before `connect` returns it. */
  on(event: 'acquire', listener: (client: PostgresClient) => void): unknown
}

export interface PostgresClient {
  query(statement: PostgresStatement): Promise<{ rows: unknown[] }>
  on(event: 'error' | 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: PostgresNotification) => void): unknown
  /** Returns the connection to the pool, or closes it when `destroy` is true. */
  release(destroy?: boolean): void
  /** Lets the process exit while the connection is open. */
  unref?(): void
}

export interface PostgresStatement {
  /** Each connection prepares a statement with a name only once. */
  name?: string
  text: string
  values?: unknown[]
}

interface PostgresNotification {
  channel: string
  payload?: string | undefined
}

const handledPools = new WeakSet<PostgresPool>()
const firstAcquired = new WeakMap<PostgresClient, number>()

// Without a listener, the 'error' event of a connection would end the process. The pool removes its own listener when
// it lends a connection, so the store adds a listener at 'acquire'. A statement that is running still rejects.
export function handleErrors(pool: PostgresPool): void {
  if (handledPools.has(pool)) return
  handledPools.add(pool)
  pool.on('acquire', (client) => {
    if (firstAcquired.has(client)) return
    firstAcquired.set(client, performance.now())
    client.on('error', () => {})
  })
}

/** Returns the time since the pool first lent the connection, which is about the age of the connection. */
export function ageOf(client: PostgresClient): number {
  return performance.now() - (firstAcquired.get(client) ?? 0)
}
