/** Generates repeatable pseudo-random numbers for the demo's data. Not suitable for secrets. */
export class PseudoRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** Returns a whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1))
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.between(0, choices.length - 1)]
    if (choice === undefined) throw new TypeError('pick() needs at least one choice.')
    return choice
  }

  /** Returns `pattern` with a digit for each `#`. */
  digits(pattern: string): string {
    return pattern.replace(/#/g, () => String(this.between(0, 9)))
  }

  #next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state / 2 ** 32
  }
}
