import { type Kysely, sql } from 'kysely'
import { missingMigrations } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import type { Sessions } from '../session/index.ts'
import type { ReadinessCheck } from '../web/readiness.ts'

const UNKNOWN_ID = '0'.repeat(32)

export function readinessChecks(
  sessions: Pick<Sessions, 'get'> | null,
  database: Kysely<Database>,
  files: { sessions?: ReadinessCheck | undefined; database?: ReadinessCheck | undefined },
): Record<string, ReadinessCheck> {
  return {
    ...(sessions && { sessions: () => sessions.get(UNKNOWN_ID).then(() => files.sessions?.()) }),
    database: () => sql`select 1`.execute(database).then(() => files.database?.()),
    migrations: async () => {
      const missing = await missingMigrations(database)
      return missing.length === 0 ? undefined : `not applied: ${missing.join(', ')}`
    },
  }
}
