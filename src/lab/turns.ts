/** Runs jobs one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #jobs = 0

  /** The number of jobs that run or wait. */
  get jobs(): number {
    return this.#jobs
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(job)
    this.#last = turn.catch(() => {})
    this.#jobs++
    try {
      return await turn
    } finally {
      this.#jobs--
    }
  }
}
