/** The source of the time and of timers. Tests replace the clock to avoid waiting. */
export interface Clock {
  /** Returns the current time in milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Calls `run` once after a delay, without keeping the process alive. Returns a function that cancels the call. */
  after(milliseconds: number, run: () => void): () => void
}

// About 24.8 days. With a longer delay, setTimeout fires immediately.
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1

export const systemClock: Clock = Object.freeze<Clock>({
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, MAX_TIMER_MILLISECONDS))
    timer.unref()
    return () => clearTimeout(timer)
  },
})

/**
 * Calls `run` repeatedly. Each interval begins after the previous call of `run` has finished. A random jitter shortens
 * each interval by up to 10 %. If `milliseconds` is 0, `run` is never called. `run` must not reject.
 * @returns a function that stops the calls.
 */
export function startRepeating(clock: Clock, milliseconds: number, run: () => Promise<void>): () => void {
  let cancel = () => {}
  let stopped = milliseconds === 0
  const schedule = () => {
    if (!stopped) cancel = clock.after(milliseconds * (0.9 + Math.random() * 0.1), round)
  }
  const round = () => void run().then(schedule)
  schedule()
  return () => {
    stopped = true
    cancel()
  }
}
