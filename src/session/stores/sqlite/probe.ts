import type { SessionStore, WriteState } from '../../store.ts'
import type { SqliteDatabase, WriteBatch } from './batch.ts'

/** The probe writes a tombstone that belongs to no credential. The tombstone expires at once, so a sweep removes it. */
export function sqliteProbe(db: SqliteDatabase, batch: WriteBatch): NonNullable<SessionStore['probe']> {
  const write = db.prepare(
    `INSERT OR REPLACE INTO session_tombstones (app, hash, id, reason, ended_at, keep_until) VALUES (?, 'probe', '', 'closed', ?, ?)`,
  )
  return async ({ app, now }): Promise<WriteState> => {
    try {
      await batch.add(() => write.run(app, now, now))
      return { state: 'writable' }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return { state: 'refusing', error }
    }
  }
}

/** Whether the error of better-sqlite3 or node:sqlite means SQLITE_FULL (13) or SQLITE_READONLY (8). */
function isRefusal(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return (
    /^SQLITE_(FULL|READONLY)/.test(String(code)) || (typeof errcode === 'number' && [8, 13].includes(errcode & 0xff))
  )
}
