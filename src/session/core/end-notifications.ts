import type { SessionId } from '../record.ts'
import type { BoundStore } from './bound-store.ts'

/** Notifies those who watch a session that another process may have ended it, or a device of it. */
export interface EndNotifications {
  /** Whether the store notifies of ends. Where it does not, a watcher has to look again and again. */
  readonly isNotified: boolean
  /** Calls `look` when there may be something to see. Answers a function that stops it. */
  watch(id: SessionId, look: () => void): () => void
  close(): void
}

/** Listens to the store from the first watcher on: one subscription for a process, however many watch. */
export function endNotifications({ announcements }: BoundStore): EndNotifications {
  const watchers = new Map<SessionId, Set<() => void>>()
  let stopListening: (() => void) | undefined
  let closed = false

  function notify(id: SessionId | undefined): void {
    const notified = id === undefined ? [...watchers.values()] : [watchers.get(id) ?? []]
    for (const looks of notified) for (const look of [...looks]) look()
  }

  return {
    isNotified: announcements !== undefined,
    watch(id, look) {
      if (!closed) stopListening ??= announcements?.listen(notify)
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
