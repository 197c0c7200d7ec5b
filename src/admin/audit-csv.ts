import type { AuditRow } from '../../db/tables.ts'
import { csvOf } from '../web/csv.ts'

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

export function auditCsv(rows: AsyncIterable<AuditRow>): AsyncGenerator<string> {
  return csvOf(COLUMNS, cellsOf(rows))
}

async function* cellsOf(rows: AsyncIterable<AuditRow>) {
  for await (const row of rows) yield COLUMNS.map((column) => row[column])
}
