import type { Credential, SessionRecord } from '../../record.ts'
import type { CallOf, ListFilter, ListPage, Page } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'
import { RECORD } from './found-cache.ts'

export const IS_GUEST = `s.grants = '' AND s.user_id IS NULL`

// A record without times sorts as the oldest.
const SORT_VALUE = { created: 'coalesce(s.start_time, 0)', seen: 'coalesce(s.last_access_time, 0)', end: 's.end_at' }

// Few sessions come by a link or a token, so these are found first.
const SMALL = new Set<Credential['via']>(['link', 'token'])

const CAME_BY = Object.fromEntries(
  (['visit', 'login', 'link', 'sign-in', 'token'] as const).map((way) => [
    way,
    SMALL.has(way)
      ? `s.key IN (SELECT session_key FROM session_credentials WHERE app = ? AND via = '${way}' AND kind <> 'otp')`
      : `EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = '${way}' AND c.kind <> 'otp')`,
  ]),
) as Record<Credential['via'], string>

/** One page of the records that match, in order, after the cursor. */
export function listPage(db: SqliteDatabase, { app, filter, page, now }: CallOf<'list'>): ListPage {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const { where, parameters } = listCondition(app, filter, now)
  const value = isNarrow(filter, sort) ? `+${SORT_VALUE[sort]}` : SORT_VALUE[sort]
  if (after) {
    // The second condition says nothing new: it is what an index on an expression can be searched by.
    const beyond = direction === 'asc' ? '>' : '<'
    where.push(`(${value}, s.id) ${beyond} (?, ?)`, `${value} ${beyond}= ?`)
    parameters.push(after.value, after.id, after.value)
  }
  const order = direction === 'asc' ? 'ASC' : 'DESC'
  const sql = `SELECT ${RECORD}, ${value} AS sortValue FROM session_records s ${indexFor(filter)} WHERE ${where.join(' AND ')}
    ORDER BY ${value} ${order}, s.id ${order} LIMIT ?`
  const found = db.prepare(sql).all(...parameters, size + 1) as (SessionRecord & { sortValue: number })[]
  const shown = found.slice(0, size)
  const last = shown.at(-1)
  const sessions = shown.map(({ sortValue: _, ...record }) => record)
  return found.length > size && last ? { sessions, next: { value: last.sortValue, id: last.id } } : { sessions }
}

/** The small index of rest sessions, where nothing smaller leads to them. */
function indexFor({ userId, kind, state, via }: ListFilter): string {
  const isRest = kind === 'rest' && userId === undefined && via === undefined && state === undefined
  return isRest ? 'INDEXED BY session_records_rest' : ''
}

/** Whether few records match, so that an index finds them first and they are sorted then. The plus keeps the order's own index out. */
function isNarrow({ userId, kind, state }: ListFilter, sort: NonNullable<Page['sort']>): boolean {
  return userId !== undefined || state === 'invalidated' || (kind === 'rest' && sort !== 'created')
}

export function countListed(db: SqliteDatabase, { app, filter, now }: CallOf<'count'>): number {
  const all = Object.keys(filter).length === 0
  if (Object.keys(filter).join() === 'kind') return countKind(db, app, filter.kind, now)
  const { where, parameters } = all ? { where: ['s.app = ?'], parameters: [app] } : listCondition(app, filter, now)
  return countWhere(db, '', where, parameters)
}

/** By what two indexes hold, with a look at no record but those that ended and were not swept yet. Metrics ask this again and again. */
function countKind(db: SqliteDatabase, app: string, kind: ListFilter['kind'], now: number): number {
  const [rest, byEnd] = [indexFor({ kind: 'rest' }), 'INDEXED BY session_records_end']
  const all = countWhere(db, rest, ['s.app = ?', `s.kind = 'rest'`], [app])
  const ended = countWhere(db, byEnd, ['s.app = ?', 's.end_at <= ?', `s.kind = 'rest'`], [app, now])
  if (kind === 'rest') return all - ended
  return countWhere(db, byEnd, ['s.app = ?', 's.end_at > ?'], [app, now]) - (all - ended)
}

function countWhere(db: SqliteDatabase, index: string, where: readonly string[], parameters: unknown[]): number {
  const sql = `SELECT count(*) AS n FROM session_records s ${index} WHERE ${where.join(' AND ')}`
  return (db.prepare(sql).get(...parameters) as { n: number }).n
}

function listCondition(
  app: string,
  { userId, kind, state, via }: ListFilter,
  now: number,
): { where: string[]; parameters: unknown[] } {
  // The plus keeps the end out of the choice of an index: nearly all records are before theirs.
  const where = ['s.app = ?', '+s.end_at > ?']
  const parameters: unknown[] = [app, now]
  if (userId !== undefined) {
    where.push('s.user_id = ?')
    parameters.push(userId)
  }
  // Written out where a small index is for that value alone.
  if (kind === 'rest') where.push(`s.kind = 'rest'`)
  if (kind === 'web') where.push(`s.kind = 'web'`)
  if (state !== undefined) where.push(state === 'invalidated' ? 's.start_time IS NULL' : 's.start_time IS NOT NULL')
  if (state === 'guest') where.push(IS_GUEST)
  if (state === 'user') where.push(`NOT (${IS_GUEST})`)
  if (via !== undefined) where.push('s.start_time IS NOT NULL')
  for (const way of [state === 'restored' ? ('link' as const) : undefined, via]) {
    if (way === undefined) continue
    where.push(CAME_BY[way])
    if (SMALL.has(way)) parameters.push(app)
  }
  return { where, parameters }
}
