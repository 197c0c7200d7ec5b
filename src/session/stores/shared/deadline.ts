/** The default deadline of one call to a store on another machine. */
export const CALL_MILLISECONDS = 2000

/**
 * Waits for a call, but only until a deadline. The call may still take effect on the server after the deadline.
 * @throws The error of the call, or an Error that names the server when the deadline passes.
 */
export function withinDeadline<T>(call: Promise<T>, milliseconds: number, server: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${server} did not answer within ${milliseconds} ms.`)),
      milliseconds,
    )
    const settled =
      <A>(settle: (answer: A) => void) =>
      (answer: A) => {
        clearTimeout(timer)
        settle(answer)
      }
    call.then(settled(resolve), settled(reject))
  })
}
