import { type Credential, NEVER } from '../../record.ts'
import type { CallOf, Cursor, ListFilter, ListPage, Page } from '../../store.ts'
import { cursorAt } from '../shared/cursor.ts'
import type { PostgresCalls } from './calls.ts'
import type { PostgresStatement } from './pool.ts'
import { fromStored, RECORD, type RecordRow, toRecord, toStoredValues } from './rows.ts'

// These expressions are the same as in the indexes. An invalidated record has no start time and no last access time, so
// it sorts as the oldest record.
const SORT_VALUE = { created: 'coalesce(s.start_time, 0)', seen: 'coalesce(s.last_access_time, 0)', end: 's.end_at' }
const IS_GUEST = `s.user_id IS NULL AND s.grants = ''`

export async function listPage(calls: PostgresCalls, call: CallOf<'list'>): Promise<ListPage> {
  const { size = 50 } = call.page
  const found = (await calls.rows(listStatement(call))) as (RecordRow & { sortValue: unknown })[]
  const sessions = found.slice(0, size).map(toRecord)
  const last = found.length > size ? found[size - 1] : undefined
  return last ? { sessions, next: cursorAt(Number(last.sortValue), fromStored(last.id)) } : { sessions }
}

export async function countListed(calls: PostgresCalls, { app, filter, now }: CallOf<'count'>): Promise<number> {
  const { where, values } =
    Object.keys(filter).length === 0 ? { where: 's.app = $1', values: [app] } : listCondition(app, filter, now)
  const text = `SELECT count(*) AS n FROM session_records s WHERE ${where}`
  const [row] = (await calls.rows({ text, values: toStoredValues(values) })) as [{ n: unknown }]
  return Number(row.n)
}

function listStatement({ app, filter, page, now }: CallOf<'list'>): PostgresStatement {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const { where, values } = listCondition(app, filter, now)
  const value = isNarrow(filter, sort) ? `${SORT_VALUE[sort]} + 0` : SORT_VALUE[sort]
  const [order, beyond] = direction === 'asc' ? ['ASC', '>'] : ['DESC', '<']
  const parameter = (value: unknown) => `$${values.push(value)}`
  const stored = ({ id }: Cursor) =>
    `SELECT ${value} FROM session_records s WHERE s.app = $1 AND s.id = ${parameter(id)}`
  const startOf = (cursor: Cursor) =>
    cursor.value === NEVER ? `coalesce((${stored(cursor)}), ${NEVER})` : parameter(cursor.value)
  const onwards = after ? `AND (${value}, s.id) ${beyond} (${startOf(after)}, ${parameter(after.id)})` : ''
  const text = `SELECT ${RECORD}, ${value} AS "sortValue" FROM session_records s WHERE ${where} ${onwards}
    ORDER BY ${value} ${order}, s.id ${order} LIMIT ${parameter(size + 1)}`
  return { text, values: toStoredValues(values) }
}

const VIAS = new Set<Credential['via']>(['visit', 'login', 'link', 'sign-in', 'token'])
// Few credentials have these values of `via`, and each value has a partial index.
const RARE = new Set<Credential['via']>(['link', 'token'])

// Returns whether few records match. If few match, the caller adds 0 to the sort value, so that PostgreSQL sorts only
// these records. Without the addition, PostgreSQL may scan the whole index of the sort order.
function isNarrow({ state, via }: ListFilter, sort: NonNullable<Page['sort']>): boolean {
  if (state === 'invalidated') return sort !== 'end'
  return state === 'restored' || (via !== undefined && RARE.has(via))
}

/** The values of `kind` and `via` are literals, because the planner cannot match a parameter to a partial index. */
function listCondition(app: string, { userId, kind, state, via }: ListFilter, now: number) {
  const where = ['s.app = $1', 's.end_at > $2']
  const values: unknown[] = [app, now]
  if (userId !== undefined) where.push(`s.user_id = $${values.push(userId)}`)
  if (kind !== undefined) where.push(kind === 'rest' ? `s.kind = 'rest'` : `s.kind = 'web'`)
  if (state !== undefined) where.push(state === 'invalidated' ? 's.start_time IS NULL' : 's.start_time IS NOT NULL')
  if (state === 'guest') where.push(IS_GUEST)
  if (state === 'user') where.push(`NOT (${IS_GUEST})`)
  if (state === 'restored') where.push(hasVia('link'))
  if (via !== undefined) where.push('s.start_time IS NOT NULL', hasVia(via))
  return { where: where.join(' AND '), values }
}

function hasVia(via: Credential['via']): string {
  if (!VIAS.has(via)) throw new TypeError(`Unknown value of the filter via: ${via}.`)
  const keys = `SELECT c.session_key FROM session_credentials c WHERE c.app = $1 AND c.via = '${via}' AND c.kind <> 'otp'`
  return RARE.has(via) ? `s.key = ANY (array(${keys}))` : `s.key IN (${keys})`
}
