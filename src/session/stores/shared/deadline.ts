/** The default deadline of a call to a store. */
export const CALL_MILLISECONDS = 2000

/** Rejects when the deadline passes. The server may still execute the call later. */
export function withinDeadline<T>(call: Promise<T>, milliseconds: number, server: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${server} did not answer within ${milliseconds} ms.`)),
      milliseconds,
    )
    call.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
