const NEVER = Number.POSITIVE_INFINITY

/** Takes the stores of a contestant away and brings them back. */
export class Outage {
  #callsLeft = NEVER

  /** Lets the stores answer this number of calls. All later calls fail. */
  begin({ after = 0 } = {}): void {
    this.#callsLeft = after
  }

  end(): void {
    this.#callsLeft = NEVER
  }

  /** Returns a store whose calls fail during the outage. All methods of the store are asynchronous. */
  over<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return async (...values: unknown[]) => {
          if (this.#callsLeft-- <= 0) throw new Error('The store does not answer.')
          return value.apply(target, values)
        }
      },
    })
  }
}
