import { setImmediate as otherCallers } from 'node:timers/promises'
import { brokenMemory } from './broken-memory.ts'

/** Reads the message, waits, then deletes the message. Two tabs of one browser can both show it. */
export const messageInTwoSteps = brokenMemory((rowsOf, intact) => ({
  async takeMessage(call) {
    const tombstone = rowsOf(call.app).tombstone(call.id, call.hash)
    await otherCallers()
    await intact.takeMessage(call)
    return tombstone && call.now < tombstone.keepUntil ? (tombstone.message ?? undefined) : undefined
  },
}))
