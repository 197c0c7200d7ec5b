/** The default deadline of a call to a store. */
export const CALL_MILLISECONDS = 2000

/** Rejects if `call` takes longer than `milliseconds`. The server may still execute the call afterwards. */
export function withinDeadline<T>(call: Promise<T>, milliseconds: number, server: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${server} did not answer within ${milliseconds} ms.`)),
      milliseconds,
    )
    call.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Returns a function that returns the whole milliseconds left of these, at least 1. */
export function countDown(milliseconds: number): () => number {
  const until = performance.now() + milliseconds
  return () => Math.max(1, Math.ceil(until - performance.now()))
}

// Node.js supports only timers shorter than this number of milliseconds.
const LONGEST_TIMER = 2 ** 31

/** @throws TypeError when the deadline is out of range. */
export function checkDeadline(milliseconds: number): void {
  if (milliseconds > 0 && milliseconds < LONGEST_TIMER) return
  throw new TypeError(`deadlineMilliseconds: a number of milliseconds above 0 and below 2 ** 31, got ${milliseconds}.`)
}
