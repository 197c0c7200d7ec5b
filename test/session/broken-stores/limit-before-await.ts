import { setImmediate as otherCallers } from 'node:timers/promises'
import type { Admission, SessionStore } from '../../../src/session/store.js'
import { MemoryStore } from '../../../src/session/stores/memory.js'
import { isFull } from '../../../src/session/stores/memory-data.js'

/** Counts, waits, writes: all who come at once are counted before the first of them is there. */
export class LimitBeforeAwait extends MemoryStore {
  override async create(...parameters: Parameters<SessionStore['create']>): Promise<Admission> {
    const [app, session, credential, { sessions: _, guests: __, ...limits }, now] = parameters
    if (isFull(this.app(app), session, parameters[3])) return { admitted: false }
    await otherCallers()
    return super.create(app, session, credential, limits, now)
  }
}
