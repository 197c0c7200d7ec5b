import { setTimeout as pause } from 'node:timers/promises'
import { markNothingWritten } from '../../record.ts'
import type { StoreWarning, WriteState } from '../../store.ts'
import { withinDeadline } from '../shared/deadline.ts'
import { ageOf, handleErrors, type PostgresPool, type PostgresStatement } from './pool.ts'
import { fromStoredJson, toStoredValues } from './rows.ts'

/** A call of a store method. All its statements share one deadline. */
export interface OpenCall {
  /** Whether PostgreSQL may have written something for this call. */
  isSent: boolean
  /** Whether the caller has received an error. */
  isOver: boolean
}

interface Member {
  call: OpenCall
}

export interface PostgresCalls {
  /**
   * Runs the steps of one call within the deadline, or within `milliseconds` if they are longer. An error says whether
   * the call has certainly written nothing.
   */
  open<T>(steps: (call: OpenCall) => Promise<T>, milliseconds?: number): Promise<T>
  /**
   * Sends one statement for several calls. `take` returns the members when there is a connection. The statement leaves
   * out members whose callers no longer wait. Returns the members of the statement and its rows.
   */
  send<M extends Member>(
    take: () => readonly M[],
    statementFor: (members: readonly M[]) => PostgresStatement,
  ): Promise<{ members: readonly M[]; rows: unknown[] }>
  /** Without `call`, the statement is a call of its own. */
  rows(statement: PostgresStatement, call?: OpenCall): Promise<unknown[]>
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
// With these classes, a value may be the cause: data exceptions, constraints, and sizes that PostgreSQL does not support.
const VALUE_REFUSED = new Set(['22', '23', '54'])
// The codes for an undefined function and an undefined table.
const NOT_PREPARED = new Set(['42883', '42P01'])

export function postgresCalls(
  pool: PostgresPool,
  deadlineMilliseconds: number,
  warn: (warning: StoreWarning) => void,
): PostgresCalls {
  let usesNames = true
  handleErrors(pool)

  async function open<T>(steps: (call: OpenCall) => Promise<T>, milliseconds = 0): Promise<T> {
    const longest = Math.max(milliseconds, deadlineMilliseconds)
    const call = { isSent: false, isOver: false }
    try {
      return await withinDeadline(steps(call), longest, 'PostgreSQL')
    } catch (error) {
      call.isOver = true
      throw call.isSent ? error : markNothingWritten(withDirections(error))
    }
  }

  async function send<M extends Member>(
    take: () => readonly M[],
    statementFor: (members: readonly M[]) => PostgresStatement,
  ) {
    let members: readonly M[] | undefined
    for (let attempt = 1; ; attempt++) {
      const client = await pool.connect()
      members = (members ?? take()).filter(({ call }) => !call.isOver)
      if (members.length === 0) {
        client.release()
        return { members, rows: [] }
      }
      let isBroken = false
      try {
        const { name, ...unnamed } = statementFor(members)
        markSent(members, true)
        const { rows } = await client.query(usesNames && name !== undefined ? { name, ...unnamed } : unnamed)
        return { members, rows }
      } catch (error) {
        const isUnknown = !wroteNothing(error)
        markSent(members, isUnknown)
        const leadsToStandby = codeOf(error) === READ_ONLY && ageOf(client) > SHORTEST_LIFE_MILLISECONDS
        isBroken = isUnknown || leadsToStandby
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

  async function rows(statement: PostgresStatement, call?: OpenCall): Promise<unknown[]> {
    if (call === undefined) return open((own) => rows(statement, own))
    return (
      await send(
        () => [{ call }],
        () => statement,
      )
    ).rows
  }

  return {
    open,
    send,
    rows,
    call: async (name, ...values) => answerOf(await rows(functionCall(name, values))),
  }
}

/** A statement that calls an SQL function of the store. */
export function functionCall(name: string, values: readonly unknown[]): PostgresStatement {
  const parameters = values.map((_, index) => `$${index + 1}`)
  return { name, text: `SELECT ${name}(${parameters})::text AS answer`, values: toStoredValues(values) }
}

/** The JSON that an SQL function of the store returned. Returns `undefined` for null. */
export function answerOf(rows: readonly unknown[]): unknown {
  const [row] = rows as { answer: string | null }[]
  return row?.answer == null ? undefined : fromStoredJson(row.answer)
}

function markSent(members: readonly Member[], isSent: boolean): void {
  for (const { call } of members) call.isSent = isSent
}

function wroteNothing(error: unknown): boolean {
  const code = codeOf(error)
  return code.length === 5 && code !== OUTCOME_UNKNOWN && NOTHING_WRITTEN.has(code.slice(0, 2))
}

/** Whether PostgreSQL rolled a statement back because of one of its values. */
export function isValueRefused(error: unknown): boolean {
  const code = codeOf(error)
  return code.length === 5 && VALUE_REFUSED.has(code.slice(0, 2))
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
