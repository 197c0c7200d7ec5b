import { BUSY_MILLISECONDS, isBusy } from './batch.ts'
import type { SqliteDatabase } from './driver.ts'

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
