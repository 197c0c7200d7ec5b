/** A queue for each key: its tasks run one at a time, in order. */
export interface KeyedQueue {
  /** Whether no task runs or waits. */
  isIdle(key: string): boolean
  /**
   * Runs `task` when all earlier ones of its key are done, however they ended. `failure` is what the one before threw, if this task had
   * to wait for it.
   */
  run<T>(key: string, task: (failure: unknown) => Promise<T>): Promise<T>
}

export function createKeyedQueue(): KeyedQueue {
  // What each of them resolves to is the failure of the last task in its queue.
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
