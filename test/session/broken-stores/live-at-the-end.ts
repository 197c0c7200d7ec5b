import { brokenMemory } from './broken-memory.ts'

export const liveAtTheEnd = brokenMemory((_, intact) => ({
  find: (call) => intact.find({ ...call, now: call.now - 1 }),
}))
