import type { SqliteDatabase } from './sqlite-driver.js'

/** Runs writes in transactions; each promise resolves after its transaction was committed. */
export interface WriteBatch {
  /** `write` runs inside a transaction and may run again, so it must depend on the database alone. */
  add<T>(write: () => T): Promise<T>
}

interface Waiting {
  write: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
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

  /** Commits a batch; answers what has to start over. */
  function attempt(batch: Waiting[]): Waiting[] {
    const results: unknown[] = []
    try {
      begin.run()
    } catch (error) {
      return rejectAll(batch, error)
    }
    for (const waiter of batch) {
      try {
        results.push(waiter.write())
      } catch (error) {
        rollback()
        waiter.reject(error)
        return batch.filter((other) => other !== waiter)
      }
    }
    try {
      commit.run()
    } catch (error) {
      rollback()
      return rejectAll(batch, error)
    }
    for (const [index, waiter] of batch.entries()) waiter.resolve(results[index] as never)
    return []
  }

  function rejectAll(batch: Waiting[], error: unknown): Waiting[] {
    for (const waiter of batch) waiter.reject(error)
    return []
  }

  function rollback(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // The transaction never began, or SQLite has rolled it back itself.
    }
  }

  return {
    add(write) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ write, resolve, reject })
      })
    },
  }
}
