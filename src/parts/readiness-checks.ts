import { type Kysely, sql } from 'kysely'
import { missingMigrations } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import type { Sessions } from '../session/index.ts'
import type { ReadinessCheck } from '../web/readiness.ts'

const UNKNOWN_ID = '0'.repeat(32)

export function readinessChecks({
  sessions,
  database,
}: {
  sessions: Pick<Sessions, 'get'> | null
  database: Kysely<Database>
}): Record<string, ReadinessCheck> {
  return {
    ...(sessions !== null && {
      sessions: async () => {
        await sessions.get(UNKNOWN_ID)
        return undefined
      },
    }),
    database: async () => {
      await sql`select 1`.execute(database)
      return undefined
    },
    migrations: async () => {
      const missing = await missingMigrations(database)
      return missing.length === 0 ? undefined : `not applied: ${missing.join(', ')}`
    },
  }
}
