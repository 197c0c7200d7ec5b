import { type Kysely, sql } from 'kysely'
import { missingMigrations } from '../../db/migrate.ts'
import type { Database } from '../../db/tables.ts'
import type { Sessions } from '../session/index.ts'
import type { ReadinessCheck } from '../web/readiness.ts'

// No session ever has this id, so finding none is an answer.
const NOBODY = '0'.repeat(32)

/** What this application cannot do without: the store of its sessions, its database, and every step of the schema. */
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
        await sessions.get(NOBODY)
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
