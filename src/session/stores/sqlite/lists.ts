import { type Credential, NEVER, type SessionRecord } from '../../record.ts'
import type { CallOf, ListFilter, ListPage, Page } from '../../store.ts'
import { cursorAt } from '../shared/cursor.ts'
import type { SqliteDatabase } from './batch.ts'
import { NOT_MARKED } from './end-marks.ts'
import { RECORD } from './found-cache.ts'

export const IS_GUEST = `s.grants = '' AND s.user_id IS NULL`

/** Prepares statements with `NOT_MARKED`. */
type Reader = Pick<SqliteDatabase, 'prepare'>

// An invalidated record has no start time and no last access time, so it sorts as the oldest record.
const SORT_VALUE = { created: 'coalesce(s.start_time, 0)', seen: 'coalesce(s.last_access_time, 0)', end: 's.end_at' }

// Few credentials have these values of `via`, so a query starts with the partial index of the value.
const RARE = new Set<Credential['via']>(['link', 'token'])

const HAS_VIA = Object.fromEntries(
  (['visit', 'login', 'link', 'sign-in', 'token'] as const).map((via) => [
    via,
    RARE.has(via)
      ? `s.key IN (SELECT session_key FROM session_credentials WHERE app = ? AND via = '${via}' AND kind <> 'otp')`
      : `EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = '${via}' AND c.kind <> 'otp')`,
  ]),
) as Record<Credential['via'], string>

export function listPage(db: Reader, { app, filter, page, now }: CallOf<'list'>): ListPage {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const { where, parameters } = listCondition(app, filter, now)
  // If few records match, a unary plus makes SQLite sort these records instead of reading all records in sort order.
  const value = isNarrow(filter, sort) ? `+${SORT_VALUE[sort]}` : SORT_VALUE[sort]
  if (after) {
    const from =
      after.value === NEVER ? `coalesce((SELECT ${value} FROM session_records s WHERE s.app = ? AND s.id = ?), ?)` : '?'
    const fromParameters = after.value === NEVER ? [app, after.id, NEVER] : [after.value]
    // The first condition implies the second condition, but SQLite can search the index only with the second condition.
    const beyond = direction === 'asc' ? '>' : '<'
    where.push(`(${value}, s.id) ${beyond} (${from}, ?)`, `${value} ${beyond}= ${from}`)
    parameters.push(...fromParameters, after.id, ...fromParameters)
  }
  const order = direction === 'asc' ? 'ASC' : 'DESC'
  const sql = `SELECT ${RECORD}, ${value} AS sortValue FROM session_records s ${indexFor(filter)} WHERE ${where.join(' AND ')}
    ORDER BY ${value} ${order}, s.id ${order} LIMIT ?`
  const found = db.prepare(sql).all(...parameters, size + 1) as (SessionRecord & { sortValue: number })[]
  const shown = found.slice(0, size)
  const last = shown.at(-1)
  const sessions = shown.map(({ sortValue: _, ...record }) => record)
  return found.length > size && last ? { sessions, next: cursorAt(last.sortValue, last.id) } : { sessions }
}

function indexFor({ userId, kind, state, via }: ListFilter): string {
  const isRest = kind === 'rest' && userId === undefined && via === undefined && state === undefined
  return isRest ? 'INDEXED BY session_records_rest' : ''
}

function isNarrow({ userId, kind, state }: ListFilter, sort: NonNullable<Page['sort']>): boolean {
  return userId !== undefined || state === 'invalidated' || (kind === 'rest' && sort !== 'created')
}

export function countListed(db: Reader, { app, filter, now }: CallOf<'count'>): number {
  const all = Object.keys(filter).length === 0
  if (Object.keys(filter).join() === 'kind') return countKind(db, app, filter.kind, now)
  const { where, parameters } = all
    ? { where: ['s.app = ?', NOT_MARKED], parameters: [app] }
    : listCondition(app, filter, now)
  return countWhere(db, '', where, parameters)
}

/**
 * Counts the entries of indexes, because metrics call this function often. Reads only the records of sessions that have
 * ended but are not swept yet.
 */
function countKind(db: Reader, app: string, kind: ListFilter['kind'], now: number): number {
  const [rest, byEnd] = [indexFor({ kind: 'rest' }), 'INDEXED BY session_records_end']
  const all = countWhere(db, rest, ['s.app = ?', `s.kind = 'rest'`, NOT_MARKED], [app])
  const ended = countWhere(db, byEnd, ['s.app = ?', 's.end_at <= ?', `s.kind = 'rest'`, NOT_MARKED], [app, now])
  if (kind === 'rest') return all - ended
  return countWhere(db, byEnd, ['s.app = ?', 's.end_at > ?', NOT_MARKED], [app, now]) - (all - ended)
}

function countWhere(db: Reader, index: string, where: readonly string[], parameters: unknown[]): number {
  const sql = `SELECT count(*) AS n FROM session_records s ${index} WHERE ${where.join(' AND ')}`
  return (db.prepare(sql).get(...parameters) as { n: number }).n
}

function listCondition(
  app: string,
  { userId, kind, state, via }: ListFilter,
  now: number,
): { where: string[]; parameters: unknown[] } {
  // Nearly all records match the condition on `end_at`, so the unary plus prevents SQLite from using its index.
  const where = ['s.app = ?', '+s.end_at > ?', NOT_MARKED]
  const parameters: unknown[] = [app, now]
  if (userId !== undefined) {
    where.push('s.user_id = ?')
    parameters.push(userId)
  }
  // The values of `kind` are literals, because the planner cannot match a parameter to a partial index.
  if (kind === 'rest') where.push(`s.kind = 'rest'`)
  if (kind === 'web') where.push(`s.kind = 'web'`)
  if (state !== undefined) where.push(state === 'invalidated' ? 's.start_time IS NULL' : 's.start_time IS NOT NULL')
  if (state === 'guest') where.push(IS_GUEST)
  if (state === 'user') where.push(`NOT (${IS_GUEST})`)
  if (via !== undefined) where.push('s.start_time IS NOT NULL')
  for (const wanted of [state === 'restored' ? ('link' as const) : undefined, via]) {
    if (wanted === undefined) continue
    where.push(HAS_VIA[wanted])
    if (RARE.has(wanted)) parameters.push(app)
  }
  return { where, parameters }
}
