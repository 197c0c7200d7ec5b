import type { memoryStoreOn } from '../../../src/session/stores/memory/store.ts'
import type { MemoryRows, memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'

interface MemoryParts {
  memoryRows: typeof memoryRows
  memoryStoreOn: typeof memoryStoreOn
}

/** Opens an empty memory store for the store contract. */
export async function openMemory({ memoryRows, memoryStoreOn }: MemoryParts) {
  const apps = new Map<string, MemoryRows>()
  const rowsOf = (app: string) => {
    const rows = apps.get(app) ?? memoryRows()
    apps.set(app, rows)
    return rows
  }
  rowsOf.apps = () => [...apps.keys()]
  const entries = async () => [...apps.values()].reduce((sum, rows) => sum + entriesOf(rows), 0)
  return { store: memoryStoreOn(rowsOf), entries, close: async () => {} }
}

function entriesOf({ sessions, otps, tombstones }: MemoryRows): number {
  const credentials = [...sessions.values()].reduce((sum, row) => sum + row.credentials.size, 0)
  return sessions.size + credentials + otps.size + tombstones.size
}
