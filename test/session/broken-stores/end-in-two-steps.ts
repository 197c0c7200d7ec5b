import { setImmediate as otherCallers } from 'node:timers/promises'
import type { EndedSession } from '../../../src/session/record.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { end, holds, wasSeen } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Finds the session, then deletes it: all who press Log out at once hear that they did it. */
export class EndInTwoSteps extends MemoryStore {
  override async end(...parameters: Parameters<SessionStore['end']>): Promise<EndedSession | undefined> {
    const [app, id, reason, now, { by, unseen, message } = {}] = parameters
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, by === undefined ? {} : { by }, now)) return undefined
    if (unseen && wasSeen(entry)) return undefined
    await otherCallers()
    return end(data, entry, reason, now, message)
  }
}
