import { endAfter } from '../../../src/session/record.js'
import type { SessionStore } from '../../../src/session/store.js'
import { MemoryStore } from '../../../src/session/stores/memory.js'

/** `UPDATE … SET end_at = ? WHERE id = ?`: moves the end of whatever it finds, over or not. */
export class TouchThatRevives extends MemoryStore {
  override async touch(...parameters: Parameters<SessionStore['touch']>): Promise<void> {
    const [app, id, hash, now] = parameters
    const entry = this.app(app).sessions.get(id)
    const credential = entry?.credentials.get(hash)
    if (!entry || !credential) return
    const { record } = entry
    const end = Math.max(record.end, endAfter(now, record.idleMilliseconds, record.absoluteEnd))
    entry.record = { ...record, lastAccessTime: Math.max(record.lastAccessTime ?? 0, now), end }
    entry.credentials.set(hash, { ...credential, lastSeenAt: Math.max(credential.lastSeenAt ?? 0, now) })
  }
}
