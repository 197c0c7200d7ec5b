import { setTimeout as pause } from 'node:timers/promises'
import { markNothingWritten } from '../../record.ts'
import { withinDeadline } from '../shared/deadline.ts'
import { hearErrors, type PostgresClient, type PostgresPool, type PostgresStatement } from './pool.ts'
import { fromStoredJson, toStoredValues } from './rows.ts'

/** Asks PostgreSQL, one statement at a time. */
export interface PostgresCalls {
  rows(statement: PostgresStatement): Promise<unknown[]>
  /** Calls one of the store's functions; undefined stands for its null. */
  call(name: string, ...values: unknown[]): Promise<unknown>
}

// Two transactions that wait for each other, or that PostgreSQL cannot put in order: it has undone one of them.
const UNDONE = new Set(['40P01', '40001'])
const MOST_ATTEMPTS = 8
const PAUSE_MILLISECONDS = 20

// By the first two letters of its code PostgreSQL tells what kind of error a statement ended with, and that means that it was undone. Not
// among them: a connection or a server that goes (08, 57), trouble inside of PostgreSQL (58, XX).
const NOTHING_WRITTEN = new Set(['0A', '22', '23', '25', '28', '3D', '3F', '40', '42', '53', '54', '55', 'P0'])
const OUTCOME_UNKNOWN = '40003'
// A function or a table that does not exist.
const NOT_PREPARED = new Set(['42883', '42P01'])

export function postgresCalls(pool: PostgresPool, deadlineMilliseconds: number): PostgresCalls {
  hearErrors(pool)

  async function rows(statement: PostgresStatement): Promise<unknown[]> {
    // Whether anything is on its way to PostgreSQL, and whether there is still somebody who waits for the answer.
    const asked = { sent: false, isOver: false }
    try {
      return await withinDeadline(insist(statement, asked), deadlineMilliseconds, 'PostgreSQL')
    } catch (error) {
      asked.isOver = true
      throw asked.sent ? error : markNothingWritten(withDirections(error))
    }
  }

  async function insist(statement: PostgresStatement, asked: { sent: boolean; isOver: boolean }): Promise<unknown[]> {
    for (let attempt = 1; ; attempt++) {
      const client = await pool.connect()
      if (asked.isOver) {
        client.release()
        return []
      }
      try {
        asked.sent = true
        return await send(client, statement)
      } catch (error) {
        asked.sent = !wroteNothing(error)
        if (!UNDONE.has(codeOf(error)) || attempt === MOST_ATTEMPTS) throw error
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
      const places = values.map((_, index) => `$${index + 1}`)
      const text = `SELECT ${name}(${places})::text AS answer`
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
    'The session store found no tables, or older ones: call preparePostgresStore(pool) when the application starts, with the same search_path.',
    { cause: error },
  )
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code)
}
