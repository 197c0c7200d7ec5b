import type { SessionId } from '../../record.ts'
import type { Announcements } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'

const POLL_MILLISECONDS = 250

/** A store notifies of its own ends; those of other connections to the file are found by asking. */
export interface SqliteAnnouncements extends Announcements {
  /** Call it inside the transaction that ends something: listeners hear of it after the commit. */
  notify(app: string, id: SessionId): void
}

/**
 * SQLite sends no messages, but `data_version` tells for a few microseconds that another connection has committed since it was last
 * asked: something may have ended then. Asked four times a second while anybody listens.
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
      // All writes of a transaction, and its commit, are one turn.
      queueMicrotask(() => {
        for (const [listener, ofApp] of [...listeners]) if (ofApp === app) listener(id)
      })
    },
  }
}
