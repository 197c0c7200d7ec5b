import { type Kysely, sql } from 'kysely'
import { missingMigrations } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import type { StoreWrites } from '../metrics/index.ts'
import type { Sessions } from '../session/index.ts'
import type { ReadinessCheck, ReadinessProblem } from '../web/readiness.ts'

const UNKNOWN_ID = '0'.repeat(32)

/** @param sessions null when the server runs without sessions. */
export function readinessChecks(
  sessions: Pick<Sessions, 'get'> | null,
  storeWrites: () => Promise<StoreWrites>,
  database: Kysely<Database>,
  files: { sessions?: ReadinessCheck | undefined; database?: ReadinessCheck | undefined },
): Record<string, ReadinessCheck> {
  return {
    ...(sessions && {
      sessions: () => sessions.get(UNKNOWN_ID).then(() => files.sessions?.()),
      sessionWrites: async () => problemOf(await storeWrites()),
    }),
    database: () => sql`select 1`.execute(database).then(() => files.database?.()),
    migrations: async () => {
      const missing = await missingMigrations(database)
      return missing.length === 0 ? undefined : `not applied: ${missing.join(', ')}`
    },
  }
}

/**
 * A read-only store makes this server not ready, because another server may reach the new primary. With a full store,
 * this server stays ready, because the store refuses the writes of all servers. After an unanswered write, this server
 * stays ready too, because the check `sessions` reports a store that is down.
 */
function problemOf(writes: StoreWrites): ReadinessProblem | undefined {
  switch (writes.state) {
    case 'read-only':
      return { text: 'the store is read-only', error: writes.error }
    case 'refusing':
      return { text: 'the store refuses writes', error: writes.error, isDegraded: true }
    case 'unavailable':
      return { text: 'the store does not answer a write', error: writes.error, isDegraded: true }
    default:
      return undefined
  }
}
