const HOUR_MILLISECONDS = 60 * 60_000

interface Timers {
  after(milliseconds: number, run: () => void): () => void
}

/**
 * Calls `run` an hour after the last call was done, again and again. It must not throw. Answers how to stop, which waits for a call that is
 * under way.
 */
export function everyHour(clock: Timers, run: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve()
  let stopped = false
  let cancel = () => {}
  const later = () => {
    if (!stopped)
      cancel = clock.after(HOUR_MILLISECONDS, () => {
        running = run().then(later)
      })
  }
  later()
  return async () => {
    stopped = true
    cancel()
    await running
  }
}
