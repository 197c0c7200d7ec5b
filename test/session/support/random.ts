/** Random numbers. The same seed gives the same numbers. */
export interface Chance {
  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number
  /** True with the probability `share`. */
  in(share: number): boolean
  oneOf<T>(choices: readonly [T, ...T[]]): T
}

export function chance(seed: number): Chance {
  let state = seed >>> 0
  // The algorithm is mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    in: (share) => next() < share,
    oneOf: (choices) => choices[below(choices.length)] as (typeof choices)[0],
  }
}
