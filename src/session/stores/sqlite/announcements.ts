import type { SessionId } from '../../record.ts'
import type { Announcements } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'

const POLL_MILLISECONDS = 250

/** The store calls `notify` for what it ends itself. What other connections to the file end is found by polling. */
export interface SqliteAnnouncements extends Announcements {
  /** Call it inside the transaction that ends something. Listeners are called after the commit. */
  notify(app: string, id: SessionId): void
}

/**
 * SQLite sends no notifications, but reading `data_version` takes a few microseconds and shows whether another connection has committed:
 * then something may have ended. It is polled four times a second while there are listeners.
 */
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

  /** undefined: the file cannot be read now, or is closed. */
  function currentVersion(): number | undefined {
    try {
      return (dataVersion.get() as { data_version: number }).data_version
    } catch {
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
      // The writes of a transaction and its commit are synchronous, so a microtask runs after the commit.
      queueMicrotask(() => {
        for (const [listener, ofApp] of [...listeners]) if (ofApp === app) listener(id)
      })
    },
  }
}
