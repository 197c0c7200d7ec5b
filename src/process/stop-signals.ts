// npm forwards Ctrl-C to a child that the terminal has signalled already.
const SAME_SIGNAL_MILLISECONDS = 2_000

/** The first signal stops gracefully. One in the next two seconds is a duplicate. A later one ends the process. */
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
