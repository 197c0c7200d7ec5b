import { setImmediate as otherCallers } from 'node:timers/promises'
import type { SessionStore, Updated } from '../../../src/session/store.ts'
import { endOldest, holds } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** A compare-and-set as three steps: read, compare here, write. */
export class UpdateInTwoSteps extends MemoryStore {
  override async update(...parameters: Parameters<SessionStore['update']>): Promise<Updated> {
    const [app, id, expected, writeId, { authenticatedAt, ...fields }, limits, now] = parameters
    const data = this.app(app)
    const entry = data.sessions.get(id)
    if (entry?.writeId === writeId) return { updated: true, ended: [] }
    if (!entry || !holds(entry, expected, now)) return { updated: false, ended: [] }
    await otherCallers()
    entry.record = { ...entry.record, ...fields, version: entry.record.version + 1 }
    entry.writeId = writeId
    const credential = entry.credentials.get(expected.by ?? '')
    if (credential && authenticatedAt !== undefined)
      entry.credentials.set(credential.hash, { ...credential, authenticatedAt, via: 'login' })
    return { updated: true, ended: fields.userId === undefined ? [] : endOldest(data, entry.record, limits, now) }
  }
}
