import { markNothingWritten } from '../../record.ts'
import { CALL_MILLISECONDS } from '../shared/deadline.ts'

/** A database of better-sqlite3 or node:sqlite. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
}

export interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
}

// SQLite waits at most this long while another process writes. The wait blocks the event loop.
const BUSY_MILLISECONDS = 50
// After that wait, a timer retries the write every `PAUSE_MILLISECONDS`, until `RETRY_MILLISECONDS` have passed.
const PAUSE_MILLISECONDS = 20
const RETRY_MILLISECONDS = CALL_MILLISECONDS - BUSY_MILLISECONDS - PAUSE_MILLISECONDS
// Opening a file may take longer, because processes that start together create the tables one after the other.
const OPEN_MILLISECONDS = 5000

/** Prepares the connection for a file that several processes may open at the same time. */
export function openForSharing(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${OPEN_MILLISECONDS}`)
  retryWhileBusy(() => db.exec('PRAGMA journal_mode = WAL'))
}

export function shortenBusyTimeout(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`)
}

/**
 * Retries `step` while the file is locked, because `busy_timeout` does not apply to the switch to WAL. Blocks the event
 * loop.
 */
function retryWhileBusy(step: () => unknown): void {
  const started = performance.now()
  for (;;) {
    try {
      step()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > OPEN_MILLISECONDS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS)
    }
  }
}

export interface WriteBatch {
  /** Runs `write` in a transaction, and resolves after the commit. After a rollback, `write` may run again. */
  add<T>(write: () => T): Promise<T>
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
  since: number
}

/**
 * `commit` runs all waiting writes in one transaction, so that they share one sync to the disk. When a write throws, the
 * other writes run again in a new transaction. `add` calls `schedule`, which must call `commit` later. `rolledBack` runs
 * after a transaction that did not commit.
 */
export function writeBatch(
  db: SqliteDatabase,
  schedule: () => void,
  rolledBack: () => void,
): WriteBatch & { commit(): void } {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const end = db.prepare('COMMIT')
  let waiting: Waiting[] = []
  let isPaused = false

  function commit(): void {
    if (isPaused) return
    let batch = waiting
    waiting = []
    while (batch.length > 0) batch = attempt(batch)
  }

  /** Runs the writes in one transaction. Returns the writes that must run again at once. */
  function attempt(batch: Waiting[]): Waiting[] {
    const results: unknown[] = []
    try {
      begin.run()
    } catch (error) {
      rollback() // an earlier failure may have left a transaction open
      return isBusy(error) ? tryLater(batch, error) : rejectAll(batch, error)
    }
    for (const waiter of batch) {
      try {
        results.push(waiter.write())
      } catch (error) {
        rollback()
        waiter.reject(markNothingWritten(error))
        return batch.filter((other) => other !== waiter)
      }
    }
    try {
      end.run()
    } catch (error) {
      rollback()
      for (const waiter of batch) waiter.reject(error)
      return []
    }
    for (const [index, waiter] of batch.entries()) waiter.resolve(results[index] as never)
    return []
  }

  /** Rejects writes that have waited for `RETRY_MILLISECONDS`. Queues the other writes again, before newer writes. */
  function tryLater(batch: Waiting[], error: unknown): Waiting[] {
    const now = performance.now()
    const retried = batch.filter(({ since }) => now - since < RETRY_MILLISECONDS)
    rejectAll(
      batch.filter((waiter) => !retried.includes(waiter)),
      error,
    )
    if (retried.length > 0) {
      waiting = [...retried, ...waiting]
      isPaused = true
      setTimeout(() => {
        isPaused = false
        commit()
      }, PAUSE_MILLISECONDS)
    }
    return []
  }

  /** Rejects the writes of a transaction that did not begin. */
  function rejectAll(batch: Waiting[], error: unknown): Waiting[] {
    for (const waiter of batch) waiter.reject(markNothingWritten(error))
    return []
  }

  function rollback(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // No transaction is open.
    }
    rolledBack()
  }

  return {
    add(write) {
      schedule()
      return new Promise((resolve, reject) => {
        waiting.push({ write, resolve, reject, since: performance.now() })
      })
    },
    commit,
  }
}

function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  // better-sqlite3 sets `code`. node:sqlite sets `errcode`, whose lowest byte is 5 for SQLITE_BUSY.
  return String(code).startsWith('SQLITE_BUSY') || (typeof errcode === 'number' && (errcode & 0xff) === 5)
}
