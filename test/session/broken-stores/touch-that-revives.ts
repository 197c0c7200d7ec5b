import type { SessionStore } from '../../../src/session/store.ts'
import { accessedAt, seenAt } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** `UPDATE … SET end_at = ? WHERE id = ?`: moves the end of whatever it finds, over or not. */
export class TouchThatRevives extends MemoryStore {
  override async touch(...parameters: Parameters<SessionStore['touch']>): Promise<void> {
    const [app, id, hash, from, now] = parameters
    const entry = this.app(app).sessions.get(id)
    const credential = entry?.credentials.get(hash)
    if (!entry || !credential) return
    entry.record = accessedAt(entry.record, now)
    entry.credentials.set(hash, seenAt(credential, from, now))
  }
}
