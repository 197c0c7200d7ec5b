import { setImmediate as otherCallers } from 'node:timers/promises'
import { isFull } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Counts the sessions, waits, then adds one. Concurrent callers all pass the check of the limit. */
export const limitBeforeAwait = brokenMemory((rowsOf, intact) => ({
  async create({ limits: { sessions, guests, ...limits }, ...call }) {
    if (isFull(rowsOf(call.app), call.session, { ...(sessions && { sessions }), ...(guests && { guests }) }))
      return { admitted: false }
    await otherCallers()
    return intact.create({ ...call, limits })
  },
}))
