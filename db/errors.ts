/** The CRM database is unreachable, too slow or full. PostgreSQL or SQLite may still have executed the last query. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
  readonly status = 503
  readonly expose = true
  readonly headers = { 'Retry-After': '5' }

  constructor(cause: unknown) {
    super('The data of this application cannot be reached at the moment. Please try again in a few seconds.', { cause })
  }
}

// These errors occur if another process holds the write lock for too long, or if the disk fails.
const SQLITE_UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|PROTOCOL|IOERR|FULL|CANTOPEN|READONLY)/
// 08: connection lost. 25006: standby. 53: out of resources. 57, 55P03, 25P03: cancelled, timeout, shutdown. 58: disk.
const POSTGRES_UNAVAILABLE = /^(08|53|57|58|25006$|25P03$|55P03$)/
const POSTGRES_CONNECTION_ENDED = /^(08|57P|25006$|25P03$)/
const POSTGRES_ROLLED_BACK = /^40(001|P01)$/

/** Converts an outage of SQLite to `DatabaseUnavailable`. Returns other errors unchanged. */
export function mapSqliteError(error: unknown): unknown {
  return SQLITE_UNAVAILABLE.test(codeOf(error)) ? new DatabaseUnavailable(error) : error
}

/** Converts an outage of PostgreSQL to `DatabaseUnavailable`. Returns other errors unchanged. */
export function mapPostgresError(error: unknown): unknown {
  const isUnavailable = isServerError(error) ? POSTGRES_UNAVAILABLE.test(codeOf(error)) : !isProgrammerError(error)
  return isUnavailable ? new DatabaseUnavailable(error) : error
}

/** Returns true when the connection is lost or may still run a query. */
export function endsConnection(error: unknown): boolean {
  return isServerError(error) ? POSTGRES_CONNECTION_ENDED.test(codeOf(error)) : !isProgrammerError(error)
}

/** Returns true after a serialization failure or a deadlock. */
export function isRetryable(error: unknown): boolean {
  return isServerError(error) && POSTGRES_ROLLED_BACK.test(codeOf(error))
}

function isServerError(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | null)?.severity === 'string'
}

/** Returns true for an error in the calling code, such as a value that cannot be sent. */
function isProgrammerError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}
