import { setImmediate as otherCallers } from 'node:timers/promises'
import type { Admission, SessionStore } from '../../../src/session/store.ts'
import { end } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Makes room for the user's new session first, and adds it later: all who sign in at once find the room made. */
export class UserLimitBeforeAwait extends MemoryStore {
  override async create(...parameters: Parameters<SessionStore['create']>): Promise<Admission> {
    const [app, session, credential, { sessionsPerUser, ...limits }, now] = parameters
    const data = this.app(app)
    const own = [...data.sessions.values()].filter(
      ({ record }) => record.userId !== null && record.userId === session.userId,
    )
    const tooMany = sessionsPerUser === undefined ? 0 : Math.max(0, own.length + 1 - sessionsPerUser)
    await otherCallers()
    const admission = await super.create(app, session, credential, limits, now)
    if (!admission.admitted) return admission
    const oldest = own.slice(0, tooMany).filter(({ record }) => data.sessions.has(record.id))
    return { admitted: true, ended: [...admission.ended, ...oldest.map((entry) => end(data, entry, 'limit', now))] }
  }
}
