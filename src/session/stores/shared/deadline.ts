/** The default deadline for one call to a store on another machine. */
export const CALL_MILLISECONDS = 2000

/**
 * Waits for a server's answer until a deadline. A later answer is ignored, so after a timeout it is unknown whether the call took effect.
 * @throws what the call throws, or an Error that names the server that did not answer.
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
