import { markNothingWritten } from '../../record.ts'

/** The calls this store makes. A better-sqlite3 database fits; so does one of node:sqlite. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
}

interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number | bigint }
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
}

// While another process writes, SQLite itself waits this long, and the event loop with it.
const BUSY_MILLISECONDS = 50
// After that the writes wait on a timer and everything else goes on, until this is over.
const PATIENCE_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 20

/** Sets what a connection needs that shares its file with other processes. Several may do so at once on a fresh file. */
export function openForSharing(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${PATIENCE_MILLISECONDS}`)
  insisting(() => db.exec('PRAGMA journal_mode = WAL'))
}

/** From here on a write that finds the file busy gives the event loop back. */
export function endPatience(db: SqliteDatabase): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`)
}

/** SQLite's own patience does not cover the switch to WAL. */
function insisting(step: () => unknown): void {
  const started = performance.now()
  for (;;) {
    try {
      step()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > PATIENCE_MILLISECONDS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS)
    }
  }
}

/** Runs writes in transactions; each promise resolves after its transaction was committed. */
export interface WriteBatch {
  /** `write` runs inside a transaction and may run again, so it must depend on the database alone. */
  add<T>(write: () => T): Promise<T>
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
  since: number
}

/**
 * All writes of one turn of the event loop share one transaction, and with it the cost of making it durable.
 * A write that throws is taken out and the others start over, so none of them sees half of it.
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

  /** Commits a batch; answers what has to start over at once. */
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

  /** Another process holds the file: those with patience left come again, after what came meanwhile. */
  function tryLater(batch: Waiting[], error: unknown): Waiting[] {
    const now = performance.now()
    const patient = batch.filter(({ since }) => now - since < PATIENCE_MILLISECONDS)
    rejectAll(
      batch.filter((waiter) => !patient.includes(waiter)),
      error,
    )
    if (patient.length > 0) {
      waiting = [...patient, ...waiting]
      setTimeout(flush, PAUSE_MILLISECONDS)
    }
    return []
  }

  /** Nothing was begun. */
  function rejectAll(batch: Waiting[], error: unknown): Waiting[] {
    for (const waiter of batch) waiter.reject(markNothingWritten(error))
    return []
  }

  function rollback(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // There was none: it never began, or SQLite has rolled it back itself.
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

/** Whether another process holds the file: as better-sqlite3 says it, or as node:sqlite does. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return String(code).startsWith('SQLITE_BUSY') || (typeof errcode === 'number' && (errcode & 0xff) === 5)
}
