import type { StoreWarning, StoreWarnings } from '../../store.ts'

/** Reports only the first warning with each code. */
export function storeWarnings(): StoreWarnings & { warn(warning: StoreWarning): void } {
  const listeners = new Set<(warning: StoreWarning) => void>()
  const reported = new Set<string>()
  return {
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    warn(warning) {
      if (reported.has(warning.code)) return
      reported.add(warning.code)
      for (const listener of [...listeners]) listener(warning)
    },
  }
}
