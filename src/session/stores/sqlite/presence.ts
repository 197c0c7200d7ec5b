import { UNUSED_APP_MILLISECONDS } from '../../record.ts'
import type { InApp, Now, Presence, RegisteredProcess } from '../../store.ts'
import { isPresent } from '../shared/presence.ts'
import type { SqliteDatabase, WriteBatch } from './batch.ts'

export function sqlitePresence(db: SqliteDatabase, batch: WriteBatch): Presence {
  const register = db.prepare('INSERT OR REPLACE INTO session_processes (app, id, beat) VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM session_processes WHERE app = ? AND id = ?')
  const registered = db.prepare('SELECT id, beat FROM session_processes WHERE app = ?')

  // Deletes processes of other applications if their last beat is old and the application has no sessions.
  const removeUnused = db.prepare(
    `DELETE FROM session_processes WHERE app <> ? AND beat <= ?
      AND NOT EXISTS (SELECT 1 FROM session_records s WHERE s.app = session_processes.app)`,
  )

  /** Returns how many processes remain. */
  function removeStopped(call: InApp & Now & RegisteredProcess): number {
    const all = registered.all(call.app) as { id: string; beat: number }[]
    const stopped = all.filter(({ id, beat }) => !isPresent(id, beat, call))
    for (const { id } of stopped) remove.run(call.app, id)
    return all.length - stopped.length
  }

  return {
    beat: (call) =>
      batch.add(() => {
        register.run(call.app, call.processId, call.now)
        removeStopped(call)
        removeUnused.run(call.app, call.now - UNUSED_APP_MILLISECONDS)
      }),
    leave: (call) =>
      batch.add(() => {
        remove.run(call.app, call.processId)
        return removeStopped(call) === 0
      }),
  }
}
