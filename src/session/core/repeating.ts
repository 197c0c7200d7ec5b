import type { Clock } from './clock.ts'

export interface Repeating {
  /** Safe at any time, also before the first round. */
  stop(): void
}

/**
 * Calls `run` about every `milliseconds`, for the first time after one of them, and never before the last call is done; each wait is a
 * little shorter, so that processes do not run in step. 0 = never. `run` must not throw.
 */
export function startRepeating(clock: Clock, milliseconds: number, run: () => Promise<void>): Repeating {
  let cancel = () => {}
  let stopped = milliseconds === 0
  const schedule = () => {
    if (!stopped) cancel = clock.after(milliseconds * (0.9 + Math.random() * 0.1), round)
  }
  const round = () => void run().then(schedule)
  schedule()
  return {
    stop() {
      stopped = true
      cancel()
    },
  }
}
