/** The one call this store makes of a pool. A Pool of `pg` fits. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
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
