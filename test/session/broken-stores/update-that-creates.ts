import { NEVER } from '../../../src/session/record.ts'
import type { SessionStore, Updated } from '../../../src/session/store.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** `INSERT … ON CONFLICT DO UPDATE`: what a late write finds gone, it makes anew. */
export class UpdateThatCreates extends MemoryStore {
  override async update(...parameters: Parameters<SessionStore['update']>): Promise<Updated> {
    const [app, id, , writeId, changes, , now] = parameters
    const { sessions } = this.app(app)
    if (sessions.has(id)) return super.update(...parameters)
    const { authenticatedAt: _, ...fields } = changes
    const blank = { kind: 'web', userName: '', userId: null, grants: '', storage: '{}', idleMilliseconds: 0 } as const
    const times = { startTime: now, lastAccessTime: now, absoluteEnd: NEVER, end: NEVER }
    sessions.set(id, { record: { id, ...blank, ...times, ...fields, version: 1 }, writeId, credentials: new Map() })
    return { updated: true, ended: [] }
  }
}
