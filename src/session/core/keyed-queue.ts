/** One queue per key. The tasks of a key run one at a time, in order. */
export interface KeyedQueue {
  /** Whether no task runs or waits. */
  isIdle(key: string): boolean
  /**
   * Runs `task` after all earlier tasks of its key, even if one of them fails. `failure` is the error of the previous task, if this
   * task had to wait for it.
   */
  run<T>(key: string, task: (failure: unknown) => Promise<T>): Promise<T>
}

export function createKeyedQueue(): KeyedQueue {
  // The last task of each key. The promise resolves to that task's error, or to undefined.
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
