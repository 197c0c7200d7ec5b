/**
 * Where the layer gets its time from. Handing in a clock makes lifetimes testable without waiting.
 */
export interface Clock {
  /** The time, in milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Calls `run` once, `milliseconds` from now, without keeping the process alive. Returns a function that cancels it. */
  after(milliseconds: number, run: () => void): () => void
}

// setTimeout fires at once when asked for more than this (about 24.8 days).
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, LONGEST_TIMER_MILLISECONDS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Waits on the given clock. */
export function wait(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve))
}

interface Repeating {
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
