import { setImmediate } from 'node:timers'
import type { Lookups } from './embedded-rows.ts'

interface Waiting {
  ask: () => unknown
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

/**
 * `answer` runs `check`, and then all waiting lookups. Each lookup began before `check`, so `check` holds for all of
 * them. If `check` throws, all lookups fail. `schedule` must call `answer` later in the same turn of the event loop.
 */
export function lookupBatch(schedule: () => void, check = () => {}): Lookups & { answer(): void } {
  let waiting: Waiting[] = []

  function answer(): void {
    const lookups = waiting
    waiting = []
    if (lookups.length === 0) return
    try {
      check()
    } catch (error) {
      for (const { reject } of lookups) reject(error)
      return
    }
    for (const { ask, resolve, reject } of lookups) {
      try {
        resolve(ask() as never)
      } catch (error) {
        reject(error)
      }
    }
  }

  return {
    add(ask) {
      schedule()
      return new Promise((resolve, reject) => waiting.push({ ask, resolve, reject }))
    },
    answer,
  }
}

/** Returns a function that runs `step` with `setImmediate`, once for all its calls in one turn of the event loop. */
export function oncePerTurn(step: () => void): () => void {
  let isScheduled = false
  const run = () => {
    isScheduled = false
    step()
  }
  return () => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(run)
  }
}
