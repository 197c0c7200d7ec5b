import type { Clock } from './clock.js'

export interface Sweeper {
  /** Safe at any time, also before the first round. */
  stop(): void
}

/**
 * Calls `sweep` about every `milliseconds`; each wait differs a little, so that processes do not sweep in step.
 * `sweep` must not throw.
 */
export function startSweeping(clock: Clock, milliseconds: number, sweep: () => Promise<void>): Sweeper {
  let cancel = () => {}
  let stopped = milliseconds === 0
  const schedule = () => {
    if (!stopped) cancel = clock.after(milliseconds * (0.9 + Math.random() * 0.1), round)
  }
  const round = () => void sweep().then(schedule)
  schedule()
  return {
    stop() {
      stopped = true
      cancel()
    },
  }
}
