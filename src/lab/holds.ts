/** Waits until the experiment releases the hold with this name. Without a name, resolves at once. */
export type Hold = (name: string) => Promise<void>

/** Stops handlers, so that the requests of an experiment overlap in the same way in every run. */
export class Holds {
  readonly #places = new Map<string, Place>()

  readonly hold: Hold = async (name) => {
    if (name !== '') await this.#place(name).wait()
  }

  /** Resolves when `count` handlers wait at the hold. */
  arrived(name: string, count: number): Promise<void> {
    return this.#place(name).arrived(count)
  }

  release(name: string): void {
    this.#place(name).release()
  }

  #place(name: string): Place {
    const place = this.#places.get(name) ?? new Place()
    this.#places.set(name, place)
    return place
  }
}

class Place {
  #waiting = 0
  #onArrival = () => {}
  release = () => {}
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve
  })

  wait(): Promise<void> {
    this.#waiting++
    this.#onArrival()
    return this.#released
  }

  arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onArrival = () => {
        if (this.#waiting >= count) resolve()
      }
      this.#onArrival()
    })
  }
}
