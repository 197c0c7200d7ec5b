import type { SessionId } from '../record.ts'
import type { BoundStore } from './bound-store.ts'

export interface EndNotifications {
  /** Whether the store sends notifications. Without notifications, watchers must poll the store. */
  readonly isNotified: boolean
  /** Calls `check` when the session or one of its devices may have ended. Returns a function that stops the calls. */
  watch(id: SessionId, check: () => void): () => void
  close(): void
}

/** All watchers of a process share one subscription to the store. */
export function endNotifications({ announcements }: BoundStore): EndNotifications {
  const watchers = new Map<SessionId, Set<() => void>>()
  let stopListening: (() => void) | undefined
  let closed = false

  function notify(id: SessionId | undefined): void {
    const notified = id === undefined ? [...watchers.values()] : [watchers.get(id) ?? []]
    for (const checks of notified) for (const check of [...checks]) check()
  }

  return {
    isNotified: announcements !== undefined,
    watch(id, check) {
      if (!closed) stopListening ??= announcements?.listen(notify)
      const checks = watchers.get(id) ?? new Set()
      watchers.set(id, checks)
      checks.add(check)
      return () => {
        checks.delete(check)
        if (checks.size === 0 && watchers.get(id) === checks) watchers.delete(id)
      }
    },
    close() {
      closed = true
      stopListening?.()
      stopListening = undefined
    },
  }
}
