import type { EndedSession } from '../../../src/session/record.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** `DELETE FROM sessions WHERE id = ?` and nothing else: a late request of the one who left looks like a stranger's. */
export class EndThatForgets extends MemoryStore {
  override async end(...parameters: Parameters<SessionStore['end']>): Promise<EndedSession | undefined> {
    const [app, id] = parameters
    const ended = await super.end(...parameters)
    const { tombstones } = this.app(app)
    for (const [hash, grave] of tombstones) if (grave.id === id) tombstones.delete(hash)
    return ended
  }
}
