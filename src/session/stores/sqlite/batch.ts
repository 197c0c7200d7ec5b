import { markNothingWritten } from '../../record.ts'

/** The calls that this store makes. A better-sqlite3 database fits; so does one of node:sqlite. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
}

interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number | bigint }
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
}

// While another process writes, SQLite itself waits this long and blocks the event loop.
const BUSY_MILLISECONDS = 50
// After that a write is retried on a timer, until this much time has passed in all.
const RETRY_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 20

/** Prepares a connection for a file that other processes share. Several processes may do so at once on a new file. */
export function openForSharing(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${RETRY_MILLISECONDS}`)
  retryWhileBusy(() => db.exec('PRAGMA journal_mode = WAL'))
}

/** From now on a write that finds the file busy does not block the event loop for long. */
export function shortenBusyTimeout(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`)
}

/** SQLite's `busy_timeout` does not cover the switch to WAL. */
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
  /** `write` runs inside a transaction and may run again, so the database must be its only state. */
  add<T>(write: () => T): Promise<T>
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
  since: number
}

/**
 * All writes of one turn of the event loop share one transaction, and so the cost of one sync to the disk.
 * When a write throws, the transaction is rolled back and the other writes run again without it.
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

  /** Commits a batch. Answers the writes that have to run again at once. */
  function attempt(batch: Waiting[]): Waiting[] {
    const results: unknown[] = []
    try {
      begin.run()
    } catch (error) {
      rollback() // one that an earlier failure may have left open
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

  /** Another process has locked the file. Writes whose time is not over are queued again, before newer ones. */
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

  /** For a transaction that did not begin. */
  function rejectAll(batch: Waiting[], error: unknown): Waiting[] {
    for (const waiter of batch) waiter.reject(markNothingWritten(error))
    return []
  }

  function rollback(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // No transaction is open: it never began, or SQLite has already rolled it back.
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

/** Whether another process has locked the file: by the error code of better-sqlite3 or of node:sqlite. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return String(code).startsWith('SQLITE_BUSY') || (typeof errcode === 'number' && (errcode & 0xff) === 5)
}
