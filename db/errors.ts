/** The CRM's database is unreachable, too slow or full. Whether the last query was executed is unknown. Shown to users with status 503. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
  readonly status = 503
  readonly expose = true
  readonly headers = { 'Retry-After': '5' }

  constructor(cause: unknown) {
    super('The data of this application cannot be reached at the moment. Please try again in a few seconds.', { cause })
  }
}

// Another process holds the write lock too long, or the disk fails.
const SQLITE_UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|PROTOCOL|IOERR|FULL|CANTOPEN|READONLY)/
// Connection lost (08), a standby (25006), out of resources (53), cancelled, timed out or shut down (57, 55P03, 25P03), disk error (58).
const POSTGRES_UNAVAILABLE = /^(08|53|57|58|25006$|25P03$|55P03$)/
const POSTGRES_CONNECTION_ENDED = /^(08|57P|25006$|25P03$)/
const POSTGRES_ROLLED_BACK = /^40(001|P01)$/

/** Turns an outage of SQLite into `DatabaseUnavailable`; returns other errors unchanged. */
export function mapSqliteError(error: unknown): unknown {
  return SQLITE_UNAVAILABLE.test(codeOf(error)) ? new DatabaseUnavailable(error) : error
}

/** The same for PostgreSQL. An error that the server did not send is a failed connection. */
export function mapPostgresError(error: unknown): unknown {
  const isUnavailable = isServerError(error) ? POSTGRES_UNAVAILABLE.test(codeOf(error)) : !isProgrammerError(error)
  return isUnavailable ? new DatabaseUnavailable(error) : error
}

/** Whether the connection must not be used again: it is lost, or a query may still run on it. */
export function endsConnection(error: unknown): boolean {
  return isServerError(error) ? POSTGRES_CONNECTION_ENDED.test(codeOf(error)) : !isProgrammerError(error)
}

/** Serialization failure or deadlock: the transaction can simply run again. */
export function isRetryable(error: unknown): boolean {
  return isServerError(error) && POSTGRES_ROLLED_BACK.test(codeOf(error))
}

function isServerError(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | null)?.severity === 'string'
}

/** For example a value that cannot be sent. */
function isProgrammerError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}
