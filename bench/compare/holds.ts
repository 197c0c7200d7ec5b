/** Waits until the probe releases the hold with this name. Without a name, resolves at once. */
export type Hold = (name: string | null | undefined) => Promise<void>

/** A hold stops a page until the probe releases it, so that two requests overlap in the same way in every run. */
export class Holds {
  readonly #holds = new Map<string, { arrived: Signal; released: Signal }>()

  readonly hold: Hold = async (name) => {
    if (!name) return
    const { arrived, released } = this.#named(name)
    arrived.send()
    await released.sent
  }

  /** Resolves when a page waits at this hold. */
  arrived(name: string): Promise<void> {
    return this.#named(name).arrived.sent
  }

  release(name: string): void {
    this.#named(name).released.send()
  }

  #named(name: string): { arrived: Signal; released: Signal } {
    const hold = this.#holds.get(name) ?? { arrived: new Signal(), released: new Signal() }
    this.#holds.set(name, hold)
    return hold
  }
}

class Signal {
  send = () => {}
  readonly sent = new Promise<void>((resolve) => {
    this.send = resolve
  })
}
