import type { Kysely } from 'kysely'
import type { AuditRow, Database } from '../../db/tables.ts'
import { sessionIdsOfVisitor } from '../public-demo/visitor-sessions.ts'
import type { AuditEvent } from './audit-entry.ts'
import { firstIdAt } from './audit-row.ts'

/** Selects entries. An omitted field does not restrict the selection. */
export interface AuditFilter {
  event?: AuditEvent | undefined
  /**
   * Selects entries about the users with these `ids` and entries about their actions. Also selects entries without a
   * user in which one of `names` was entered.
   */
  user?: { ids: readonly string[]; names: readonly string[] } | undefined
  sessionId?: string | undefined
  address?: string | undefined
  /** A time in milliseconds since 1970. `from` is inclusive, and `until` is exclusive. */
  from?: number | undefined
  until?: number | undefined
  /** Selects only entries about sessions of this visitor of a public demo. */
  visitor?: string | undefined
}

export interface AuditPage {
  rows: AuditRow[]
  /** The value of `after` for the next page. `undefined` on the last page. */
  next: string | undefined
}

/** Returns one page of the trail, newest first. */
export async function readAudit(
  database: Kysely<Database>,
  { event, user, sessionId, address, from, until, visitor }: AuditFilter,
  { after, size }: { after?: string | undefined; size: number },
): Promise<AuditPage> {
  let query = database
    .selectFrom('audit_events')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(size + 1)
  if (visitor !== undefined) query = query.where('session_id', 'in', sessionIdsOfVisitor(database, visitor))
  if (event !== undefined) query = query.where('event', '=', event)
  if (sessionId !== undefined) query = query.where('session_id', '=', sessionId)
  if (address !== undefined) query = query.where('address', '=', address)
  if (from !== undefined) query = query.where('id', '>=', firstIdAt(from))
  if (until !== undefined) query = query.where('id', '<', firstIdAt(until))
  if (after !== undefined) query = query.where('id', '<', after)
  if (user !== undefined)
    query = query.where((row) =>
      row.or([
        row('user_id', 'in', user.ids),
        row('by_user_id', 'in', user.ids),
        row.and([row('user_name', 'in', user.names), row('user_id', 'is', null)]),
      ]),
    )
  const found = await query.execute()
  const rows = found.slice(0, size)
  return { rows, next: found.length > size ? rows.at(-1)?.id : undefined }
}
