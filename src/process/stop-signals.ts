// npm forwards a Ctrl-C that its child has received from the terminal already.
const SAME_SIGNAL_MILLISECONDS = 2_000

/** The first signal means a graceful shutdown, one within two seconds is the same one again, and a later one forces the stop. */
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
