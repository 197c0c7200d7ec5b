/**
 * Prints one row for each server and workload. A ratio is computed for each round, because the speed of the machine
 * changes between rounds. The table shows the median of these ratios.
 */
export function printTable(cells) {
  const baseline = cells.find(({ contestant }) => contestant.isBaseline)
  const rivalOf = ({ contestant, workload }) =>
    cells.find(
      (other) => other.contestant.isRival && other.workload === workload && other.contestant.store === contestant.store,
    )
  const rows = cells.map((cell) => [
    cell.contestant.name,
    cell.workload,
    String(Math.round(median(cell.results.map(({ perSecond }) => perSecond)))),
    ratio(cell, baseline),
    ratio(cell, rivalOf(cell)),
    median(cell.results.map(({ microseconds }) => microseconds)).toFixed(0),
  ])
  const header = ['server', 'workload', 'requests/s', '× bare Koa', '× koa-session', 'CPU µs a request']
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (row) =>
    row.map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join('  ')
  console.log(`\n${line(header)}\n${widths.map((width) => '─'.repeat(width)).join('  ')}`)
  for (const row of rows) console.log(line(row))
}

function ratio({ results }, other) {
  return other === undefined
    ? ''
    : median(results.map(({ perSecond }, round) => perSecond / other.results[round].perSecond)).toFixed(2)
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
