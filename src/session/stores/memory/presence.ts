import { PRESENCE_LIFE_MILLISECONDS } from '../../record.ts'
import type { Presence } from '../../store.ts'

/** Presence among managers of one process: `processesOf` answers when each of them was last heard of. */
export function memoryPresence(processesOf: (app: string) => Map<string, number>): Presence {
  return {
    beat: async (app, processId, now) => void processesOf(app).set(processId, now),
    async leave(app, processId, now) {
      const processes = processesOf(app)
      processes.delete(processId)
      return ![...processes.values()].some((beat) => beat > now - PRESENCE_LIFE_MILLISECONDS)
    },
  }
}
