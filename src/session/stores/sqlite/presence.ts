import { PRESENCE_LIFE_MILLISECONDS } from '../../record.ts'
import type { Presence } from '../../store.ts'
import type { SqliteDatabase, WriteBatch } from './batch.ts'

export function sqlitePresence(db: SqliteDatabase, batch: WriteBatch): Presence {
  const beat = db.prepare('INSERT OR REPLACE INTO session_processes (app, id, beat) VALUES (?, ?, ?)')
  const leave = db.prepare('DELETE FROM session_processes WHERE app = ? AND id = ?')
  const deleteExpired = db.prepare('DELETE FROM session_processes WHERE app = ? AND beat <= ?')
  const other = db.prepare('SELECT 1 FROM session_processes WHERE app = ?')
  return {
    beat: ({ app, processId, now }) => batch.add(() => void beat.run(app, processId, now)),
    leave: ({ app, processId, now }) =>
      batch.add(() => {
        leave.run(app, processId)
        deleteExpired.run(app, now - PRESENCE_LIFE_MILLISECONDS)
        return other.get(app) === undefined
      }),
  }
}
