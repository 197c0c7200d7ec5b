import { percentOf, roundScale } from './scale.ts'

const HEIGHT = 380
/** The baseline leaves room for two lines of labels. The top leaves room for the label of the highest column. */
const [TOP, BASELINE] = [24, 332]
const [LABEL_BELOW, SECOND_LABEL_BELOW, LABEL_ABOVE] = [18, 35, 6]
/** The labels of the gridlines are left of the columns. */
const LEFT = 0.15
const COLUMN_PART = 0.68
const THINNEST = 1

interface ColumnInput {
  value: number
  /** Below the column, and in the second line. */
  label: string
  second: string
  /** An open column is not complete yet, and has a lighter colour. */
  isOpen: boolean
}

/** The geometry of an SVG. Lengths along the width are in per cent, and lengths along the height are in pixels. */
export interface ColumnChart {
  height: number
  gridlines: { y: number; labelY: number; label: string }[]
  columns: (Omit<ColumnInput, 'value'> & {
    x: string
    width: string
    y: number
    height: number
    middle: string
    /** Narrow charts omit the labels of every second column. The last column keeps its label. */
    isMinor: boolean
  })[]
  labelY: number
  secondY: number
  /** The label above the highest column. */
  peak: { x: string; y: number; label: string; anchor: 'middle' | 'end' }
}

/** Returns a chart with a column for each value, or `undefined` if no value is positive. */
export function columnChart(columns: ColumnInput[], format: (value: number) => string): ColumnChart | undefined {
  const largest = Math.max(0, ...columns.map(({ value }) => value))
  if (largest === 0) return undefined
  const { end, ticks } = roundScale(largest)
  const heightOf = (value: number) =>
    value <= 0 ? 0 : Math.max(THINNEST, Math.round((value / end) * (BASELINE - TOP) * 10) / 10)
  const slot = (1 - LEFT) / columns.length
  const middleOf = (index: number) => LEFT + slot * (index + 0.5)
  const highest = columns.findIndex(({ value }) => value === largest)
  const isLast = highest === columns.length - 1
  return {
    height: HEIGHT,
    gridlines: ticks.map((value) => {
      const y = BASELINE - heightOf(value)
      return { y, labelY: y - LABEL_ABOVE, label: format(value) }
    }),
    columns: columns.map(({ value, ...column }, index) => ({
      ...column,
      x: percentOf(middleOf(index) - (slot * COLUMN_PART) / 2),
      width: percentOf(slot * COLUMN_PART),
      y: BASELINE - heightOf(value),
      height: heightOf(value),
      middle: percentOf(middleOf(index)),
      isMinor: (columns.length - 1 - index) % 2 === 1,
    })),
    labelY: BASELINE + LABEL_BELOW,
    secondY: BASELINE + SECOND_LABEL_BELOW,
    peak: {
      x: isLast ? '100%' : percentOf(middleOf(highest)),
      y: BASELINE - heightOf(largest) - LABEL_ABOVE,
      label: format(largest),
      anchor: isLast ? 'end' : 'middle',
    },
  }
}
