import { refuseUnknown } from '../../known-options.ts'
import { PRESENCE_LIFE_MILLISECONDS } from '../../record.ts'
import type { Presence, SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import type { Writes } from '../shared/embedded-rows.ts'
import { perApp } from '../shared/per-app.ts'
import { type MemoryRows, memoryRows } from './rows.ts'

/** Stores sessions in memory. For tests, and for applications of one process whose sessions may end when it exits. */
export function memoryStore(options: Record<never, never> = {}): SessionStore {
  refuseUnknown('memoryStore()', options, {})
  return memoryStoreOn(perApp(memoryRows))
}

export function memoryStoreOn(rowsOf: (app: string) => MemoryRows): SessionStore {
  return { ...embeddedStore(rowsOf, synchronous), presence: memoryPresence() }
}

/** Writes are atomic because they are synchronous. */
const synchronous: Writes = { add: async (write) => write() }

function memoryPresence(): Presence {
  const lastBeats = perApp(() => new Map<string, number>())
  return {
    beat: async ({ app, processId, now }) => void lastBeats(app).set(processId, now),
    async leave({ app, processId, now }) {
      lastBeats(app).delete(processId)
      return ![...lastBeats(app).values()].some((beat) => beat > now - PRESENCE_LIFE_MILLISECONDS)
    },
  }
}
