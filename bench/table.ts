import { BARE, KOA_SESSION, MINIMUM, ONE_HOP } from './contestants.ts'
import { quantile, ratioOf, type Spread, spreadOf } from './figures.ts'
import type { Cell } from './measure.ts'
import type { Options } from './options.ts'

const HEADER = [
  'server',
  'requests/s',
  '× bare Koa',
  '× one hop',
  '× koa-session',
  '× minimum',
  'server µs',
  'database µs',
  'p50 ms',
  'p99 ms',
  'at requests/s',
]

/** Returns one row for each cell. A ratio is the median of the ratios of all turns, with its interquartile range. */
export function tableOf(
  cells: readonly Cell[],
  { markdown, byProcessorTime }: Pick<Options, 'markdown' | 'byProcessorTime'>,
): string {
  const rows = cells.map((cell) => rowOf(cell, cells, byProcessorTime ? thriftOf : speedsOf))
  if (markdown)
    return [HEADER, HEADER.map((_, column) => (column === 0 ? '---' : '--:')), ...rows].map(markdownLine).join('\n')
  const widths = HEADER.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(({ length }) => length)),
  )
  const lines = [HEADER, widths.map((width) => '─'.repeat(width)), ...rows]
  return lines.map((row) => textLine(row, widths)).join('\n')
}

function rowOf(cell: Cell, cells: readonly Cell[], compared: (cell: Cell) => number[]): string[] {
  const { contestant, slices, rate, latencies } = cell
  const database = slices.map(({ databaseMicroseconds }) => databaseMicroseconds).filter((time) => time !== undefined)
  const ratioTo = (library: string) => {
    const other = cells.find((one) => one.contestant.library === library && isComparable(one, cell))
    return other && other !== cell ? textOf(ratioOf(compared(cell), compared(other)), 2) : ''
  }
  const latency = (part: number) => (latencies.length === 0 ? '' : quantile(latencies, part).toFixed(2))
  return [
    contestant.name,
    textOf(spreadOf(speedsOf(cell)), 0),
    ratioTo(BARE),
    ratioTo(ONE_HOP),
    ratioTo(KOA_SESSION),
    ratioTo(MINIMUM),
    textOf(spreadOf(slices.map(({ serverMicroseconds }) => serverMicroseconds)), 0),
    database.length === 0 ? '' : textOf(spreadOf(database), 0),
    latency(0.5),
    latency(0.99),
    latencies.length === 0 ? '' : rate.toFixed(0),
  ]
}

/** Bare Koa is compared with every server. Other servers are compared only on the same store. */
function isComparable({ contestant }: Cell, cell: Cell): boolean {
  return contestant.isBare || contestant.kind === cell.contestant.kind
}

function speedsOf({ slices }: Cell): number[] {
  return slices.map(({ perSecond }) => perSecond)
}

/** The requests for each microsecond of the server's processor time. */
function thriftOf({ slices }: Cell): number[] {
  return slices.map(({ serverMicroseconds }) => 1 / serverMicroseconds)
}

function textOf({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function markdownLine(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`
}

function textLine(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((text, column) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
  )
  return padded.join('  ')
}
