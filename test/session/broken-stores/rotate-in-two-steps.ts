import { setImmediate as otherCallers } from 'node:timers/promises'
import type { SessionStore } from '../../../src/session/store.ts'
import { bury, holds } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Checks the credential, then writes the new one: of two rotations both are told that they won. */
export class RotateInTwoSteps extends MemoryStore {
  override async rotate(...parameters: Parameters<SessionStore['rotate']>): Promise<boolean> {
    const [app, id, by, credential, others, now] = parameters
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (!entry || !holds(entry, { by }, now)) return false
    await otherCallers()
    for (const other of [...entry.credentials.values()]) {
      if (other.hash === by || others === 'end')
        bury(data, entry, other, { reason: other.hash === by ? 'secured' : 'revoked', now })
    }
    entry.credentials.set(credential.hash, credential)
    return true
  }
}
