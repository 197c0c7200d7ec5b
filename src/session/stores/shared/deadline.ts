/** How long a store on another machine may take for one call, unless its options say otherwise. */
export const CALL_MILLISECONDS = 2000

/**
 * Waits for a server's answer for so long, and no longer. What comes later is nobody's: whether the call had its effect is unknown then.
 * @throws what the call throws, or an Error that says who did not answer.
 */
export function withinDeadline<T>(asked: Promise<T>, milliseconds: number, server: string): Promise<T> {
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
    asked.then(settled(resolve), settled(reject))
  })
}
