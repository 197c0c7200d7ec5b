import { markNothingWritten } from '../../record.ts'

/** The methods of a database that this store uses. The databases of better-sqlite3 and node:sqlite have them. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
}

interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number | bigint }
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
}

// While another process writes, SQLite waits this long and blocks the event loop.
const BUSY_MILLISECONDS = 50
// After that wait, a timer retries the write until this much time has passed in total.
const RETRY_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 20

/**
 * Prepares a connection to a file that other processes share. Several processes may open a new file at the same time.
 */
export function openForSharing(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${RETRY_MILLISECONDS}`)
  retryWhileBusy(() => db.exec('PRAGMA journal_mode = WAL'))
}

/** Shortens the time for which a write to a locked file blocks the event loop. */
export function shortenBusyTimeout(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`)
}

/** Retries a step while the file is locked. `busy_timeout` does not cover the switch to WAL. Blocks the event loop. */
function retryWhileBusy(step: () => unknown): void {
  const started = performance.now()
  for (;;) {
    try {
      step()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > RETRY_MILLISECONDS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS)
    }
  }
}

/** Runs writes in transactions. Each promise resolves after the commit. */
export interface WriteBatch {
  /** Runs `write` inside a transaction. `write` may run more than once and must change nothing outside the database. */
  add<T>(write: () => T): Promise<T>
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
  since: number
}

/**
 * Runs all writes of one event loop turn in one transaction, so that they share the cost of one sync to the disk.
 * When a write throws, the transaction is rolled back and the other writes run again in a new one.
 */
export function writeBatch(db: SqliteDatabase): WriteBatch {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  let waiting: Waiting[] = []

  function flush(): void {
    let batch = waiting
    waiting = []
    while (batch.length > 0) batch = attempt(batch)
  }

  /** Commits a batch. Returns the writes that must run again at once. */
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
      commit.run()
    } catch (error) {
      rollback()
      for (const waiter of batch) waiter.reject(error)
      return []
    }
    for (const [index, waiter] of batch.entries()) waiter.resolve(results[index] as never)
    return []
  }

  /**
   * Handles a file that another process has locked. Rejects the writes that have waited for `RETRY_MILLISECONDS`.
   * Queues the other writes again, before newer ones.
   */
  function tryLater(batch: Waiting[], error: unknown): Waiting[] {
    const now = performance.now()
    const retried = batch.filter(({ since }) => now - since < RETRY_MILLISECONDS)
    rejectAll(
      batch.filter((waiter) => !retried.includes(waiter)),
      error,
    )
    if (retried.length > 0) {
      waiting = [...retried, ...waiting]
      setTimeout(flush, PAUSE_MILLISECONDS)
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
      // No transaction is open. Either none began, or SQLite has already rolled it back.
    }
  }

  return {
    add(write) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ write, resolve, reject, since: performance.now() })
      })
    },
  }
}

/** Whether the error of better-sqlite3 or node:sqlite means that another process has locked the file. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return String(code).startsWith('SQLITE_BUSY') || (typeof errcode === 'number' && (errcode & 0xff) === 5)
}
