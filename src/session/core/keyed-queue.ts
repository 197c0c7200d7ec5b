/** Runs the tasks of each key one at a time, in the order of the calls. A failed task does not stop the next one. */
export interface KeyedQueue {
  isIdle(key: string): boolean
  /** `failure` is the error of the previous task; undefined if it succeeded or if `task` did not wait. */
  run<T>(key: string, task: (failure: unknown) => Promise<T>): Promise<T>
}

export function createKeyedQueue(): KeyedQueue {
  // The last task of each key, which resolves to its error or to undefined.
  const tails = new Map<string, Promise<unknown>>()
  return {
    isIdle: (key) => !tails.has(key),
    run(key, task) {
      const before = tails.get(key)
      const running = before === undefined ? task(undefined) : before.then(task)
      const leave = (failure?: unknown) => {
        if (tails.get(key) === tail) tails.delete(key)
        return failure
      }
      const tail: Promise<unknown> = running.then(() => leave(), leave)
      tails.set(key, tail)
      return running
    },
  }
}
