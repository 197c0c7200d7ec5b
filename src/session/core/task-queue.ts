/** Runs tasks one at a time, in the order of the calls. A failed task does not stop the next task. */
export class TaskQueue {
  readonly #onIdle: () => void
  // The promise of the last task. It resolves to the error of the task, or to undefined after a success.
  #last: Promise<unknown> | undefined

  constructor(onIdle = () => {}) {
    this.#onIdle = onIdle
  }

  /** `failure` is the error of the previous task. It is undefined after a success, or if `task` did not wait. */
  run<T>(task: (failure: unknown) => Promise<T>): Promise<T> {
    const running = this.#last === undefined ? task(undefined) : this.#last.then(task)
    const leave = (failure?: unknown) => {
      if (this.#last === last) {
        this.#last = undefined
        this.#onIdle()
      }
      return failure
    }
    const last: Promise<unknown> = running.then(() => leave(), leave)
    this.#last = last
    return running
  }

  get isIdle(): boolean {
    return this.#last === undefined
  }

  async settle(): Promise<void> {
    while (this.#last) await this.#last
  }
}

/** Runs the tasks of each key in a separate queue. */
export class KeyedQueue {
  readonly #queues = new Map<string, TaskQueue>()

  isIdle(key: string): boolean {
    return !this.#queues.has(key)
  }

  run<T>(key: string, task: (failure: unknown) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? new TaskQueue(() => this.#queues.delete(key))
    this.#queues.set(key, queue)
    return queue.run(task)
  }
}
