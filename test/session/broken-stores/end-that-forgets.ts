import type { EndedSession } from '../../../src/session/record.js'
import type { SessionStore } from '../../../src/session/store.js'
import { MemoryStore } from '../../../src/session/stores/memory.js'

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
