import { setImmediate as otherCallers } from 'node:timers/promises'
import type { Admission, SessionStore } from '../../../src/session/store.ts'
import { endGuestFor, isFull } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Counts, waits, writes: all who come at once are counted before the first of them is there. */
export class LimitBeforeAwait extends MemoryStore {
  override async create(...parameters: Parameters<SessionStore['create']>): Promise<Admission> {
    const [app, session, credential, { sessions, guests, ...limits }, now] = parameters
    const data = this.app(app)
    const gaveWay = endGuestFor(data, session, parameters[3], now)
    if (isFull(data, session, parameters[3])) return { admitted: false }
    await otherCallers()
    const admission = await super.create(app, session, credential, limits, now)
    return admission.admitted ? { admitted: true, ended: [...gaveWay, ...admission.ended] } : admission
  }
}
