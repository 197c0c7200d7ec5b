import type { AuditRow } from '../../db/tables.ts'

const COLUMNS = [
  'at',
  'event',
  'times',
  'user_id',
  'user_name',
  'by_user_id',
  'by_user_name',
  'session_id',
  'address',
  'device',
  'request_id',
  'detail',
] as const satisfies readonly (keyof AuditRow)[]

// Excel needs the byte order mark to recognize UTF-8.
const BYTE_ORDER_MARK = '\ufeff'
// A spreadsheet runs a cell as a formula when the cell starts with one of these characters (CSV injection).
// The last four characters are full-width signs.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

/** Yields the rows as lines of CSV (RFC 4180). An apostrophe before each formula makes the cell plain text. */
export async function* csvOf(rows: AsyncIterable<AuditRow>): AsyncGenerator<string> {
  yield `${BYTE_ORDER_MARK}${lineOf(COLUMNS)}`
  for await (const row of rows) yield lineOf(COLUMNS.map((column) => row[column]))
}

function lineOf(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

function cellOf(value: string | number | null): string {
  const text = String(value ?? '')
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
