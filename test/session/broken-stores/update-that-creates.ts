import { NEVER } from '../../../src/session/record.ts'
import { brokenMemory } from './broken-memory.ts'

/** `INSERT … ON CONFLICT DO UPDATE`: a late write creates a removed session again. */
export const updateThatCreates = brokenMemory((rowsOf, intact) => ({
  async update(call) {
    const { id, writeId, changes, now } = call
    const { sessions } = rowsOf(call.app)
    if (sessions.has(id)) return intact.update(call)
    const { authenticatedAt: _, ...fields } = changes
    const blank = { kind: 'web', userName: '', userId: null, grants: '', storage: '{}', idleMilliseconds: 0 } as const
    const times = { startTime: now, lastAccessTime: now, absoluteEnd: NEVER, end: NEVER }
    sessions.set(id, { record: { id, ...blank, ...times, ...fields, version: 1 }, writeId, credentials: new Map() })
    return { updated: true, ended: [] }
  },
}))
