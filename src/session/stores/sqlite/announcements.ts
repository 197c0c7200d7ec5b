import type { SessionId } from '../../record.ts'
import type { Announcements } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'

const POLL_MILLISECONDS = 250

export interface SqliteAnnouncements extends Announcements {
  /** Must be called inside the transaction that ends the sessions. Calls the listeners after the commit. */
  notify(app: string, id: SessionId | undefined): void
}

// SQLite sends no notifications, so `data_version` is polled while there are listeners. A new value means that another
// connection has committed a transaction, which may have ended any session. One read takes a few microseconds.
export function sqliteAnnouncements(db: SqliteDatabase): SqliteAnnouncements {
  const dataVersion = db.prepare('PRAGMA data_version')
  const listeners = new Map<(id: SessionId | undefined) => void, string>()
  let timer: NodeJS.Timeout | undefined
  let version: number | undefined

  function poll(): void {
    const before = version
    version = currentVersion() ?? before
    if (version !== before) for (const listener of [...listeners.keys()]) listener(undefined)
  }

  function currentVersion(): number | undefined {
    try {
      return (dataVersion.get() as { data_version: number }).data_version
    } catch {
      // The database is locked or closed.
      return undefined
    }
  }

  return {
    listen({ app, listener }) {
      listeners.set(listener, app)
      version ??= currentVersion()
      timer ??= setInterval(poll, POLL_MILLISECONDS).unref()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(timer)
        timer = undefined
        version = undefined
      }
    },
    notify(app, id) {
      if (listeners.size === 0) return
      // A transaction runs synchronously, including its commit, so a microtask runs after the commit.
      queueMicrotask(() => {
        for (const [listener, ofApp] of [...listeners]) if (ofApp === app) listener(id)
      })
    },
  }
}
