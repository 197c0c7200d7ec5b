import type { AuditRow } from '../../db/tables.ts'

/** A row of the audit list: an event, and other events of the same request that this event has caused. */
export interface AuditGroup {
  row: AuditRow
  also: AuditRow[]
}

const FOLLOWING = ['secured', 'renewed', 'privileges-changed']

/** Groups neighbouring rows of one request, so that a login is one row of the list. */
export function groupByRequest(rows: readonly AuditRow[]): AuditGroup[] {
  const groups: AuditGroup[] = []
  for (const row of rows) {
    const last = groups.at(-1)
    const isSame = last !== undefined && row.request_id !== null && row.request_id === last.row.request_id
    if (isSame && FOLLOWING.includes(row.event)) last.also.push(row)
    else if (isSame && FOLLOWING.includes(last.row.event))
      groups[groups.length - 1] = { row, also: [last.row, ...last.also] }
    else groups.push({ row, also: [] })
  }
  return groups
}
