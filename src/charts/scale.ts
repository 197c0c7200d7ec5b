const STEPS = [1, 2, 2.5, 5, 10]
const MOST_STEPS = 4

/** Returns the end of an axis that begins with 0, and the values of its gridlines. All are round numbers. */
export function roundScale(largest: number): { end: number; ticks: number[] } {
  const least = largest / MOST_STEPS
  const power = 10 ** Math.floor(Math.log10(least))
  const step = power * (STEPS.find((one) => one * power >= least) ?? 10)
  const count = Math.ceil(largest / step)
  return { end: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) }
}

/** Returns a length in an SVG as a part of the width, so that texts keep their size on narrow screens. */
export function percentOf(part: number): string {
  return `${Number((part * 100).toFixed(2))}%`
}
