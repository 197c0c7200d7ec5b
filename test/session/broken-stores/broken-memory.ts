import type { SessionStore } from '../../../src/session/store.ts'
import { memoryStoreOn } from '../../../src/session/stores/memory/store.ts'
import { type MemoryRows, memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { type PerApp, perApp } from '../../../src/session/stores/shared/per-app.ts'

/** Creates a store on the given rows, or on new rows. */
export type MakeBroken = (rowsOf?: PerApp<MemoryRows>) => SessionStore

/** A memory store with some methods replaced by broken ones. */
export function brokenMemory(
  flawed: (rowsOf: (app: string) => MemoryRows, intact: SessionStore) => Partial<SessionStore>,
): MakeBroken {
  return (rowsOf = perApp(() => memoryRows())) => {
    const intact = memoryStoreOn(rowsOf)
    return { ...intact, ...flawed(rowsOf, intact) }
  }
}
