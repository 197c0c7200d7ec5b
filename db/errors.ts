/**
 * The CRM's database cannot be reached, is too slow, or takes nothing more. Whether the last thing that was asked of it was done,
 * nobody knows. Shown to visitors as it is, with status 503.
 */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
  readonly status = 503
  readonly expose = true
  readonly headers = { 'Retry-After': '5' }

  constructor(cause: unknown) {
    super('The data of this application cannot be reached at the moment. Please try again in a few seconds.', { cause })
  }
}

// Somebody else is writing for too long, or the disk does not let it.
const SQLITE_TROUBLE = /^SQLITE_(BUSY|LOCKED|PROTOCOL|IOERR|FULL|CANTOPEN|READONLY)/
// Connection gone (08), a standby (25006), out of something (53), cancelled, timed out or shut down (57, 55P03, 25P03), a bad disk (58).
const POSTGRES_TROUBLE = /^(08|53|57|58|25006$|25P03$|55P03$)/
const POSTGRES_GOODBYE = /^(08|57P|25006$|25P03$)/
const POSTGRES_UNDONE = /^40(001|P01)$/

/** What SQLite threw, as the application is told: `DatabaseUnavailable` where it is that, everything else unchanged. */
export function sqliteTrouble(error: unknown): unknown {
  return SQLITE_TROUBLE.test(codeOf(error)) ? new DatabaseUnavailable(error) : error
}

/** The same for PostgreSQL. What it did not say itself is a connection that was refused, cut, or too slow. */
export function postgresTrouble(error: unknown): unknown {
  const isTrouble = isAnswer(error) ? POSTGRES_TROUBLE.test(codeOf(error)) : !isMistake(error)
  return isTrouble ? new DatabaseUnavailable(error) : error
}

/** Whether PostgreSQL's connection must not be used again: it is gone, or nobody knows what still runs on it. */
export function endsConnection(error: unknown): boolean {
  return isAnswer(error) ? POSTGRES_GOODBYE.test(codeOf(error)) : !isMistake(error)
}

/** Whether PostgreSQL undid a transaction only because another one was in its way, so that it may simply run again. */
export function wasInTheWay(error: unknown): boolean {
  return isAnswer(error) && POSTGRES_UNDONE.test(codeOf(error))
}

function isAnswer(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | null)?.severity === 'string'
}

/** A value that cannot be sent, for instance. */
function isMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}
