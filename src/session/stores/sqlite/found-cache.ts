import type { SessionId } from '../../record.ts'
import type { FoundOTP } from '../../store.ts'
import type { SqliteDatabase } from './driver.ts'

// A thousand bytes or so each.
const MOST_SESSIONS = 10_000

/**
 * What was found before, as long as nobody wrote. SQLite tells with `data_version` whether another connection committed since,
 * which costs a fraction of a lookup; what this connection writes has to be forgotten by whoever writes it. So an answer from here
 * is the one that the file would give.
 */
export interface FoundCache {
  get(app: string, id: SessionId, hash: string): FoundOTP | undefined
  put(key: number, app: string, hash: string, found: FoundOTP): void
  /** Call it for each row of a session that is written, in the turn of the event loop that commits it. */
  forget(key: number): void
}

export function foundCache(db: SqliteDatabase): FoundCache {
  const dataVersion = db.prepare('PRAGMA data_version')
  const sessions = new Map<string, Map<string, FoundOTP>>()
  const names = new Map<number, string>()
  let version: number | undefined

  function forgetAll(): void {
    sessions.clear()
    names.clear()
  }

  return {
    get(app, id, hash) {
      const current = (dataVersion.get() as { data_version: number }).data_version
      if (current !== version) forgetAll()
      version = current
      return sessions.get(`${app} ${id}`)?.get(hash)
    },
    put(key, app, hash, found) {
      const name = `${app} ${found.session.id}`
      const known = sessions.get(name)
      if (known) {
        known.set(hash, found)
        return
      }
      if (sessions.size >= MOST_SESSIONS) forgetAll()
      sessions.set(name, new Map([[hash, found]]))
      names.set(key, name)
    },
    forget(key) {
      const name = names.get(key)
      if (name === undefined) return
      names.delete(key)
      sessions.delete(name)
    },
  }
}
