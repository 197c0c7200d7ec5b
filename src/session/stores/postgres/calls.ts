import { setTimeout as pause } from 'node:timers/promises'
import { markNothingWritten } from '../../record.ts'
import { withinDeadline } from '../shared/deadline.ts'
import { handleErrors, type PostgresClient, type PostgresPool, type PostgresStatement } from './pool.ts'
import { fromStoredJson, toStoredValues } from './rows.ts'

export interface PostgresCalls {
  rows(statement: PostgresStatement): Promise<unknown[]>
  /** Calls a function of the store. Parses the JSON that it returns; `undefined` stands for null. */
  call(name: string, ...values: unknown[]): Promise<unknown>
}

// The SQLSTATE codes of deadlocks and serialization failures. PostgreSQL has rolled back, so a retry is safe.
const RETRYABLE = new Set(['40P01', '40001'])
const MOST_ATTEMPTS = 8
const PAUSE_MILLISECONDS = 20

// After an error of these SQLSTATE classes (the first two characters), the statement is certainly rolled back. The
// outcome is unknown after lost connections (08), shutdowns (57) and internal errors (58, XX).
const NOTHING_WRITTEN = new Set(['0A', '22', '23', '25', '28', '3D', '3F', '40', '42', '53', '54', '55', 'P0'])
const OUTCOME_UNKNOWN = '40003'
// Undefined function, undefined table.
const NOT_PREPARED = new Set(['42883', '42P01'])

export function postgresCalls(pool: PostgresPool, deadlineMilliseconds: number): PostgresCalls {
  handleErrors(pool)

  async function rows(statement: PostgresStatement): Promise<unknown[]> {
    // `sent`: PostgreSQL may have received the statement. `isOver`: the caller has already received an error.
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
    for (let attempt = 1; ; attempt++) {
      const client = await pool.connect()
      if (progress.isOver) {
        client.release()
        return []
      }
      try {
        progress.sent = true
        return await send(client, statement)
      } catch (error) {
        progress.sent = !wroteNothing(error)
        if (!RETRYABLE.has(codeOf(error)) || attempt === MOST_ATTEMPTS) throw error
      }
      await pause(Math.random() * PAUSE_MILLISECONDS)
    }
  }

  async function send(client: PostgresClient, statement: PostgresStatement): Promise<unknown[]> {
    let isBroken = false
    try {
      return (await client.query(statement)).rows
    } catch (error) {
      isBroken = !wroteNothing(error)
      throw error
    } finally {
      client.release(isBroken)
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
