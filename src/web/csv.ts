// Excel needs the byte order mark to recognize UTF-8.
const BYTE_ORDER_MARK = '\ufeff'
// A spreadsheet runs a cell as a formula when the cell starts with one of these characters (CSV injection).
// The last four characters are full-width signs.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

type Cell = string | number | null

/** Yields lines of CSV (RFC 4180). An apostrophe before each formula makes the cell plain text. */
export async function* csvOf(heads: readonly string[], rows: AsyncIterable<readonly Cell[]>): AsyncGenerator<string> {
  yield `${BYTE_ORDER_MARK}${lineOf(heads)}`
  for await (const row of rows) yield lineOf(row)
}

function lineOf(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

function cellOf(value: Cell): string {
  const text = String(value ?? '')
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
