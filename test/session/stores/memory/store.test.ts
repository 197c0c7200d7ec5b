import { type MemoryRows, memoryRows } from '../../../../src/session/stores/memory/rows.ts'
import { memoryStoreOn } from '../../../../src/session/stores/memory/store.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'

proveStore('memory', async () => {
  const apps = new Map<string, MemoryRows>()
  const rowsOf = (app: string) => apps.get(app) ?? (apps.set(app, memoryRows()).get(app) as MemoryRows)
  const entries = async () => [...apps.values()].reduce((sum, rows) => sum + entriesOf(rows), 0)
  return { store: memoryStoreOn(rowsOf), entries, close: async () => {} }
})

function entriesOf({ sessions, otps, tombstones }: MemoryRows): number {
  const credentials = [...sessions.values()].reduce((sum, row) => sum + row.credentials.size, 0)
  return sessions.size + credentials + otps.size + tombstones.size
}
