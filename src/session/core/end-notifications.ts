import type { SessionId } from '../record.ts'
import type { SessionStore } from '../store.ts'

/** Tells those who watch a session that another process may have ended it, or a device of it. */
export interface EndNews {
  /** Whether the store tells of ends by itself. Where it does not, whoever watches has to look again and again. */
  readonly isTold: boolean
  /** Calls `look` when there may be something to see. Answers a function that stops it. */
  watch(id: SessionId, look: () => void): () => void
  close(): void
}

/** Listens to the store from the first watcher on: one subscription for a process, however many watch. */
export function endNews({ announcements }: SessionStore, appName: string): EndNews {
  const watchers = new Map<SessionId, Set<() => void>>()
  let stopListening: (() => void) | undefined
  let closed = false

  function tell(id: SessionId | undefined): void {
    const told = id === undefined ? [...watchers.values()] : [watchers.get(id) ?? []]
    for (const looks of told) for (const look of [...looks]) look()
  }

  return {
    isTold: announcements !== undefined,
    watch(id, look) {
      if (!closed) stopListening ??= announcements?.listen(appName, tell)
      const looks = watchers.get(id) ?? new Set()
      watchers.set(id, looks)
      looks.add(look)
      return () => {
        looks.delete(look)
        if (looks.size === 0 && watchers.get(id) === looks) watchers.delete(id)
      }
    },
    close() {
      closed = true
      stopListening?.()
      stopListening = undefined
    },
  }
}
