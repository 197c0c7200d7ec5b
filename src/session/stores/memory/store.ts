import { refuseUnknown } from '../../known-options.ts'
import type { InApp, Now, Presence, RegisteredProcess, SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import type { Lookups, Writes } from '../shared/embedded-rows.ts'
import { lookupBatch, oncePerTurn } from '../shared/lookup-batch.ts'
import { type MemoryRows, memoryRows } from '../shared/memory-rows.ts'
import { type PerApp, perApp } from '../shared/per-app.ts'
import { isPresent } from '../shared/presence.ts'

/** Stores sessions in memory, for tests and for one-process applications. The sessions end when the process exits. */
export function memoryStore(options: Record<never, never> = {}): SessionStore {
  refuseUnknown('memoryStore()', options, {})
  return memoryStoreOn(perApp(() => memoryRows()))
}

export function memoryStoreOn(rowsOf: PerApp<MemoryRows>): SessionStore {
  return {
    name: 'memory',
    ...embeddedStore(rowsOf, synchronous, rowsOf.apps, lookupsPerTurn()),
    probe: async () => ({ state: 'writable' }),
    presence: memoryPresence(),
  }
}

/** Writes are atomic because they are synchronous. */
const synchronous: Writes = { add: async (write) => write() }

/** A server sends the responses of one turn of the event loop faster if their requests go on together. */
function lookupsPerTurn(): Lookups {
  const lookups = lookupBatch(() => answer())
  const answer = oncePerTurn(lookups.answer)
  return lookups
}

function memoryPresence(): Presence {
  const beatsOf = perApp(() => new Map<string, number>())

  function removeStopped(call: InApp & Now & RegisteredProcess): Map<string, number> {
    const beats = beatsOf(call.app)
    for (const [id, beat] of beats) if (!isPresent(id, beat, call)) beats.delete(id)
    return beats
  }

  return {
    async beat(call) {
      beatsOf(call.app).set(call.processId, call.now)
      removeStopped(call)
    },
    async leave(call) {
      beatsOf(call.app).delete(call.processId)
      return removeStopped(call).size === 0
    },
  }
}
