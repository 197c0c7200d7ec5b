// On Ctrl-C, the terminal signals npm and this process. npm then signals this process a second time.
const SAME_SIGNAL_MILLISECONDS = 2_000

/** The first signal stops gracefully. Signals in the next two seconds are ignored. A later signal ends the process. */
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
