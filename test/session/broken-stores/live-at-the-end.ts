import { brokenMemory } from './broken-memory.ts'

/** Compares `now <= end` instead of `now < end`. */
export const liveAtTheEnd = brokenMemory((_, intact) => ({
  find: (call) => intact.find({ ...call, now: call.now - 1 }),
}))
