/** The middle of some numbers, and the range that holds the middle half of them (the interquartile range). */
export interface Spread {
  median: number
  low: number
  high: number
}

export function spreadOf(numbers: readonly number[]): Spread {
  return { median: quantile(numbers, 0.5), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75) }
}

/** Interpolates between the two nearest numbers. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place % 1)
}

/** The ratios of slices that were measured one after the other. The speed of the machine changes between the turns. */
export function ratioOf(numbers: readonly number[], others: readonly number[]): Spread {
  return spreadOf(numbers.map((number, turn) => number / (others[turn] ?? Number.NaN)))
}
