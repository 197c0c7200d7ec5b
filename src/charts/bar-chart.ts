import { percentOf } from './scale.ts'
import { shortened } from './text-width.ts'

const ROW = 44
const [NAME, BAR, BAR_HEIGHT, VALUE] = [14, 21, 14, 32]
/** The value stands behind its bar, so the longest bar leaves room for it. Nine characters fit on a narrow screen. */
const LONGEST = 0.72
const [FITTING_CHARACTERS, CHARACTER_WIDTH] = [9, 0.028]
const THINNEST = 0.004
/** In em. As wide as the chart on a narrow screen. */
const LONGEST_NAME = 20

/** The geometry of an SVG. Lengths along the width are in per cent, and lengths along the height are in pixels. */
export interface BarChart {
  height: number
  bars: { name: string; nameY: number; y: number; height: number; width: string; value: string; valueY: number }[]
}

/** Returns a chart with a horizontal bar for each value, or `undefined` if no value is positive. */
export function barChart(
  rows: { name: string; value: number }[],
  format: (value: number) => string,
): BarChart | undefined {
  const largest = Math.max(0, ...rows.map(({ value }) => value))
  if (largest === 0) return undefined
  const longest = LONGEST - CHARACTER_WIDTH * Math.max(0, format(largest).length - FITTING_CHARACTERS)
  return {
    height: rows.length * ROW,
    bars: rows.map(({ name, value }, index) => ({
      name: shortened(name, LONGEST_NAME),
      nameY: index * ROW + NAME,
      y: index * ROW + BAR,
      height: BAR_HEIGHT,
      width: percentOf(Math.max(THINNEST, (value / largest) * longest)),
      value: format(value),
      valueY: index * ROW + VALUE,
    })),
  }
}
