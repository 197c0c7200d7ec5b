// npm forwards Ctrl-C to a child that the terminal has signalled already.
const SAME_SIGNAL_MILLISECONDS = 2_000

/**
 * Returns a function that classifies stop signals. The first signal starts a graceful shutdown. A signal within the
 * next two seconds is a duplicate. A later signal ends the process at once.
 */
export function stopSignals(): (now: number) => 'stop' | 'same' | 'force' {
  let first: number | undefined
  return function meaningOfSignal(now) {
    if (first === undefined) {
      first = now
      return 'stop'
    }
    return now - first <= SAME_SIGNAL_MILLISECONDS ? 'same' : 'force'
  }
}
