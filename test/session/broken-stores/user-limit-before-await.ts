import { setImmediate as otherCallers } from 'node:timers/promises'
import { endSession } from '../../../src/session/stores/shared/embedded-rules.ts'
import { brokenMemory } from './broken-memory.ts'

/** Counts the user's sessions, waits, then adds one. Concurrent sign-ins all pass the check of the limit. */
export const userLimitBeforeAwait = brokenMemory((rowsOf, intact) => ({
  async create({ limits: { sessionsPerUser, ...limits }, ...call }) {
    const rows = rowsOf(call.app)
    const { userId } = call.session
    const own = userId === null ? [] : rows.liveOfUser(userId, call.now)
    const tooMany = sessionsPerUser === undefined ? 0 : Math.max(0, own.length + 1 - sessionsPerUser)
    await otherCallers()
    const admission = await intact.create({ ...call, limits })
    if (!admission.admitted) return admission
    const oldest = own.slice(0, tooMany).filter(({ record }) => rows.sessions.has(record.id))
    const ended = oldest.map((row) => endSession(rows, row, { reason: 'limit', now: call.now }))
    return { admitted: true, ended: [...admission.ended, ...ended] }
  },
}))
