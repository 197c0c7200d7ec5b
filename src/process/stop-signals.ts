// npm hands a Ctrl-C on to its child, which has had it from the terminal already.
const SAME_SIGNAL_MILLISECONDS = 2_000

/**
 * What a signal asks for: the first one to stop in good order, one shortly after it nothing new, and one that comes
 * later to stop at once, because somebody is tired of waiting.
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
