import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { AUDIT_EVENTS, type AuditEvent, type AuditFilter } from '../audit/index.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { canonicalAddress } from '../web/client-address.ts'
import { Problem } from '../web/problem.ts'
import { readChoice, readParameter, writeAddress } from '../web/query-parameters.ts'
import { type FoundPeople, findPeople, tooManyPeople } from './find-people.ts'

export const AUDIT_PATH = '/admin/audit'

const DAY_MILLISECONDS = 24 * 60 * 60_000

/** The filters as the administrator entered them. An empty text means no filter. */
export interface AuditQuery {
  event: AuditEvent | undefined
  user: string
  session: string
  address: string
  /** `from` and `to` are days in UTC, as `YYYY-MM-DD`. The entries of both days are included. */
  from: string
  to: string
  after: string | undefined
}

/** Reads the filters. An unknown event, an invalid day or a repeated parameter is answered with 400. */
export function readAuditQuery(query: Record<string, unknown>): AuditQuery {
  const after = readParameter(query, 'after')
  return {
    event: readChoice(query, 'event', Object.keys(AUDIT_EVENTS) as AuditEvent[]),
    user: readParameter(query, 'user'),
    session: readParameter(query, 'session').toUpperCase(),
    address: canonicalAddress(readParameter(query, 'address')),
    from: readDay(query, 'from'),
    to: readDay(query, 'to'),
    after: /^[0-9a-z]{22}$/.test(after) ? after : undefined,
  }
}

/**
 * Returns the filter for the database. A filter by user matches the entries about the user and about the user's
 * actions. The filter also matches entries without a user, such as failed sign-ins, in which the user's userId,
 * e-mail address or name was entered. Throws a `Problem` (400) if too many people match.
 */
export async function auditFilter(database: Kysely<Database>, query: AuditQuery): Promise<AuditFilter> {
  const { event, user, session, address, from, to } = query
  const found = await findPeople(database, user)
  if (found.more) throw new Problem(400, tooManyPeople(found))
  return {
    event,
    // An export reads its rows after the request is handled, so the filter names the visitor.
    visitor: currentVisit()?.visitor,
    ...(user !== '' && { user: userFilter(user, found) }),
    ...(session !== '' && { sessionId: session }),
    ...(address !== '' && { address }),
    ...(from !== '' && { from: Date.parse(from) }),
    ...(to !== '' && { until: Date.parse(to) + DAY_MILLISECONDS }),
  }
}

export function auditAddress(
  { event, user, session, address, from, to }: AuditQuery,
  { path = AUDIT_PATH, after }: { path?: string; after?: string | undefined } = {},
): string {
  return writeAddress(path, { event, user, session, address, from, to, after })
}

function userFilter(typed: string, { people }: FoundPeople): NonNullable<AuditFilter['user']> {
  const ids = people.length > 0 ? people.map(({ userId }) => userId) : [typed]
  const names = people.flatMap(({ userId, userName, email }) => [userId, userName, email])
  return { ids, names: [...new Set([typed, typed.toLowerCase(), ...names])] }
}

function readDay(query: Record<string, unknown>, name: string): string {
  const text = readParameter(query, name)
  if (text === '') return ''
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  // `Date.parse` accepts days that do not exist, such as 31 February.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(text))
    throw new Problem(400, `“${name}” must be a day such as 2026-01-31.`)
  return text
}
