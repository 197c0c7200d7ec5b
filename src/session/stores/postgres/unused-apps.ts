import { NEVER, SWEEP_MARGIN_MILLISECONDS, UNUSED_APP_MILLISECONDS } from '../../record.ts'
import type { CallOf } from '../../store.ts'
import type { PostgresCalls } from './calls.ts'
import { toStoredValues } from './rows.ts'

// Selects the applications in a table. Reads only one row for each application, because the table may be large.
const apps = (name: string, table: string) => `${name} AS (
    (SELECT app FROM ${table} ORDER BY app LIMIT 1)
    UNION ALL SELECT (SELECT t.app FROM ${table} t WHERE t.app > n.app ORDER BY t.app LIMIT 1)
      FROM ${name} n WHERE n.app IS NOT NULL
  )`

/** Selects the `wanted` column of up to $3 expired rows of other applications. Never waits for a lock. */
const expired = (wanted: string, table: string, apps: string, condition: string, end: string) => `
  SELECT o.${wanted} FROM ${apps} n CROSS JOIN LATERAL (
    SELECT ${wanted} FROM ${table} t WHERE t.app = n.app AND ${condition} ORDER BY ${end} LIMIT $3 FOR UPDATE SKIP LOCKED
  ) o WHERE n.app <> $1 LIMIT $3`

// All parts of this statement see the same snapshot. The snapshot contains every credential of an expired session,
// because an expired session accepts no new credentials.
const REMOVE_UNUSED = `WITH RECURSIVE
  ${apps('record_apps', 'session_records')},
  ${apps('tombstone_apps', 'session_tombstones')},
  old AS MATERIALIZED (${expired('key', 'session_records', 'record_apps', 't.end_at <= $2', 't.end_at, t.id')}),
  credentials AS (DELETE FROM session_credentials c USING old WHERE c.session_key = old.key),
  records AS (DELETE FROM session_records s USING old WHERE s.key = old.key),
  expired AS (DELETE FROM session_credentials c WHERE c.ctid = ANY (array(
    ${expired('ctid', 'session_credentials', 'record_apps', `t.expires_at < ${NEVER} AND t.expires_at <= $2`, 't.expires_at')})))
  DELETE FROM session_tombstones c WHERE c.ctid = ANY (array(
    ${expired('ctid', 'session_tombstones', 'tombstone_apps', 't.keep_until <= $2', 't.keep_until')}))`

/** Removes the data of applications other than `app` that expired long ago. */
export async function removeUnused(
  { rows }: Pick<PostgresCalls, 'rows'>,
  { app, limit, now }: CallOf<'sweep'>,
): Promise<void> {
  const latestEnd = now - UNUSED_APP_MILLISECONDS - SWEEP_MARGIN_MILLISECONDS
  await rows({ name: 'session_remove_unused', text: REMOVE_UNUSED, values: toStoredValues([app, latestEnd, limit]) })
}
