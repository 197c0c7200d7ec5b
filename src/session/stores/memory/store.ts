import { PRESENCE_LIFE_MILLISECONDS } from '../../record.ts'
import type { Presence, SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import type { Writes } from '../shared/embedded-rows.ts'
import { perApp } from '../shared/per-app.ts'
import { type MemoryRows, memoryRows } from './rows.ts'

/** A store in this process's memory: for tests, and for a single process whose sessions may end with it. */
export function memoryStore(): SessionStore {
  return memoryStoreOn(perApp(memoryRows))
}

export function memoryStoreOn(rowsOf: (app: string) => MemoryRows): SessionStore {
  return { ...embeddedStore(rowsOf, atOnce), presence: memoryPresence() }
}

/** A write is over before its first `await`, which makes it atomic. */
const atOnce: Writes = { add: async (write) => write() }

/** Presence among managers of one process. */
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
