import type { SessionStore } from '../../../src/session/store.ts'
import { memoryStoreOn } from '../../../src/session/stores/memory/store.ts'
import { type MemoryRows, memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { perApp } from '../../../src/session/stores/shared/per-app.ts'

/** A memory store with some methods replaced by broken ones. */
export function brokenMemory(
  flawed: (rowsOf: (app: string) => MemoryRows, intact: SessionStore) => Partial<SessionStore>,
): () => SessionStore {
  return () => {
    const rowsOf = perApp(() => memoryRows())
    const intact = memoryStoreOn(rowsOf)
    return { ...intact, ...flawed(rowsOf, intact) }
  }
}
