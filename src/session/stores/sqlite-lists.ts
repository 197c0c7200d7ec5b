import type { SessionRecord } from '../record.js'
import type { ListFilter, ListPage, Page } from '../store.js'
import type { SqliteDatabase } from './sqlite-driver.js'
import { RECORD } from './sqlite-found-row.js'
import { IS_GUEST } from './sqlite-rows.js'

// A record without times sorts as the oldest.
const SORT_VALUE = { created: 'coalesce(s.start_time, 0)', seen: 'coalesce(s.last_access_time, 0)', end: 's.end_at' }

/** One page of the records that match, in order, after the cursor. */
export function listPage(db: SqliteDatabase, app: string, filter: ListFilter, page: Page, now: number): ListPage {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const { where, parameters } = listCondition(app, filter, now)
  const value = SORT_VALUE[sort]
  if (after) {
    where.push(`(${value}, s.id) ${direction === 'asc' ? '>' : '<'} (?, ?)`)
    parameters.push(after.value, after.id)
  }
  const order = direction === 'asc' ? 'ASC' : 'DESC'
  const sql = `SELECT ${RECORD}, ${value} AS sortValue FROM session_records s WHERE ${where.join(' AND ')}
    ORDER BY ${value} ${order}, s.id ${order} LIMIT ?`
  const found = db.prepare(sql).all(...parameters, size + 1) as (SessionRecord & { sortValue: number })[]
  const shown = found.slice(0, size)
  const last = shown.at(-1)
  const sessions = shown.map(({ sortValue: _, ...record }) => record)
  return found.length > size && last ? { sessions, next: { value: last.sortValue, id: last.id } } : { sessions }
}

export function countListed(db: SqliteDatabase, app: string, filter: ListFilter, now: number): number {
  const all = Object.keys(filter).length === 0
  const { where, parameters } = all ? { where: ['s.app = ?'], parameters: [app] } : listCondition(app, filter, now)
  const row = db.prepare(`SELECT count(*) AS n FROM session_records s WHERE ${where.join(' AND ')}`).get(...parameters)
  return (row as { n: number }).n
}

function listCondition(
  app: string,
  { userId, kind, state, via }: ListFilter,
  now: number,
): { where: string[]; parameters: unknown[] } {
  const where = ['s.app = ?', 's.end_at > ?']
  const parameters: unknown[] = [app, now]
  if (userId !== undefined) {
    where.push('s.user_id = ?')
    parameters.push(userId)
  }
  if (kind !== undefined) {
    where.push('s.kind = ?')
    parameters.push(kind)
  }
  if (state !== undefined) where.push(state === 'invalidated' ? 's.start_time IS NULL' : 's.start_time IS NOT NULL')
  if (state === 'guest') where.push(IS_GUEST)
  if (state === 'user') where.push(`NOT (${IS_GUEST})`)
  if (via !== undefined) where.push('s.start_time IS NOT NULL')
  for (const way of [state === 'restored' ? 'link' : undefined, via]) {
    if (way === undefined) continue
    where.push('EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = ?)')
    parameters.push(way)
  }
  return { where, parameters }
}
