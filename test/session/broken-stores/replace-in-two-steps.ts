import { setImmediate as otherCallers } from 'node:timers/promises'
import type { Replaced, SessionStore } from '../../../src/session/store.ts'
import { endOldest, holds, insert, invalidate, isFull } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Creates the new session, then invalidates the old one, and never looks again whether it was still there. */
export class ReplaceInTwoSteps extends MemoryStore {
  override async replace(...parameters: Parameters<SessionStore['replace']>): Promise<Replaced> {
    const [app, id, { version, ...expected }, session, credential, limits, now] = parameters
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, expected, now)) return { state: 'gone' }
    if (version !== undefined && version !== entry.record.version) return { state: 'moved' }
    const short = isFull(data, session, limits)
    insert(data, session, credential)
    await otherCallers()
    invalidate(data, entry, session.id, now)
    if (short) data.sessions.delete(id)
    return { state: 'replaced', ended: endOldest(data, session, limits, now) }
  }
}
