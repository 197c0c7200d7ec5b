/**
 * The layer's source of time. Tests pass a clock of their own, so that they need not wait.
 */
export interface Clock {
  /** The time, in milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Calls `run` once, `milliseconds` from now, without keeping the process alive. Returns a function that cancels it. */
  after(milliseconds: number, run: () => void): () => void
}

// setTimeout fires immediately for longer delays (about 24.8 days).
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, MAX_TIMER_MILLISECONDS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export function wait(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve))
}

interface Repeating {
  /** Stops the calls. Safe at any time, also before the first call. */
  stop(): void
}

/**
 * Calls `run` about every `milliseconds`, starting after the first interval; 0 = never. Calls never overlap. Each interval is up to
 * 10 % shorter at random, so that processes do not run in step. `run` must not reject.
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
