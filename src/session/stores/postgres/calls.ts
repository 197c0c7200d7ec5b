import { setTimeout as pause } from 'node:timers/promises'
import { markNothingWritten } from '../../record.ts'
import type { StoreWarning, WriteState } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import { ageOf, handleErrors, type PostgresPool, type PostgresStatement } from './pool.ts'
import { fromStoredJson, toStoredValues } from './rows.ts'

export interface PostgresCalls {
  rows(statement: PostgresStatement): Promise<unknown[]>
  /** Calls an SQL function of the store, and parses the JSON that it returns. Returns `undefined` for null. */
  call(name: string, ...values: unknown[]): Promise<unknown>
}

// The SQLSTATE codes of deadlocks and serialization failures. PostgreSQL has rolled back, so a retry is safe.
const RETRYABLE = new Set(['40P01', '40001'])
const MOST_ATTEMPTS = 8
const PAUSE_MILLISECONDS = 20

// With this code, PostgreSQL refuses a write, because the server is a standby or its transactions are read-only. A new
// connection may reach another server. Only a connection that is older than a second is replaced. Otherwise, a server
// that stays read-only would get a new connection for each call.
const READ_ONLY = '25006'
const SHORTEST_LIFE_MILLISECONDS = 1000
// With these codes, PostgreSQL did not run the statement, because the prepared statement is missing or already exists.
// The cause is a connection pooler that spreads the transactions of one client over several connections to PostgreSQL.
const POOLED = new Set(['26000', '42P05'])
const POOLED_WARNING = {
  code: 'POSTGRES_POOLED_BY_TRANSACTION',
  message:
    'A connection pooler loses the prepared statements of the session store, as PgBouncer before 1.21 does in transaction mode. The store works without them, more slowly, and other processes notice an end late. Use session pooling, or PgBouncer 1.21 with max_prepared_statements.',
}
// With these codes, the disk, the memory or another resource is full. The set excludes 53300 (too many connections).
const FULL = new Set(['53000', '53100', '53200', '53400'])

// The first two characters of an SQLSTATE code are its class. After an error of these classes, PostgreSQL has certainly
// rolled the statement back. After lost connections (08), shutdowns (57) and internal errors (58, XX), the outcome is
// unknown.
const NOTHING_WRITTEN = new Set(['0A', '22', '23', '25', '26', '28', '3D', '3F', '40', '42', '53', '54', '55', 'P0'])
const OUTCOME_UNKNOWN = '40003'
// The codes for an undefined function and an undefined table.
const NOT_PREPARED = new Set(['42883', '42P01'])

export function postgresCalls(
  pool: PostgresPool,
  deadlineMilliseconds: number,
  warn: (warning: StoreWarning) => void,
): PostgresCalls {
  let usesNames = true
  handleErrors(pool)

  async function rows(statement: PostgresStatement): Promise<unknown[]> {
    // `sent` is true if PostgreSQL may have run the statement. `isOver` is true if the caller has received an error.
    const progress = { sent: false, isOver: false }
    try {
      return await withinDeadline(sendWithRetries(statement, progress), deadlineMilliseconds, 'PostgreSQL')
    } catch (error) {
      progress.isOver = true
      throw progress.sent ? error : markNothingWritten(withDirections(error))
    }
  }

  async function sendWithRetries(
    statement: PostgresStatement,
    progress: { sent: boolean; isOver: boolean },
  ): Promise<unknown[]> {
    const { name: _, ...unnamed } = statement
    for (let attempt = 1; ; attempt++) {
      const client = await pool.connect()
      if (progress.isOver) {
        client.release()
        return []
      }
      let isBroken = false
      try {
        progress.sent = true
        return (await client.query(usesNames ? statement : unnamed)).rows
      } catch (error) {
        progress.sent = !wroteNothing(error)
        const leadsToStandby = codeOf(error) === READ_ONLY && ageOf(client) > SHORTEST_LIFE_MILLISECONDS
        isBroken = progress.sent || leadsToStandby
        if (POOLED.has(codeOf(error))) {
          usesNames = false
          warn({ ...POOLED_WARNING, error })
        }
        const isRetryable = leadsToStandby || POOLED.has(codeOf(error)) || RETRYABLE.has(codeOf(error))
        if (!isRetryable || attempt === MOST_ATTEMPTS) throw error
      } finally {
        client.release(isBroken)
      }
      await pause(Math.random() * PAUSE_MILLISECONDS)
    }
  }

  return {
    rows,
    async call(name, ...values) {
      const parameters = values.map((_, index) => `$${index + 1}`)
      const text = `SELECT ${name}(${parameters})::text AS answer`
      const [row] = (await rows({ name, text, values: toStoredValues(values) })) as { answer: string | null }[]
      return row?.answer == null ? undefined : fromStoredJson(row.answer)
    },
  }
}

function wroteNothing(error: unknown): boolean {
  const code = codeOf(error)
  return code.length === 5 && code !== OUTCOME_UNKNOWN && NOTHING_WRITTEN.has(code.slice(0, 2))
}

/** Returns the state if PostgreSQL replies but refuses writes. Returns undefined for any other error. */
export function refusalOf(error: unknown): WriteState | undefined {
  const code = codeOf(error)
  if (code === READ_ONLY) return { state: 'read-only', error }
  return FULL.has(code) ? { state: 'refusing', error } : undefined
}

function withDirections(error: unknown): unknown {
  if (!NOT_PREPARED.has(codeOf(error))) return error
  return new Error(
    'The tables of the session store are missing or outdated: call preparePostgresStore(pool) when the application starts, with the same search_path.',
    { cause: error },
  )
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code)
}
