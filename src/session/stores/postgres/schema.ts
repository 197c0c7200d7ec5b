import { checkMethods } from '../../known-options.ts'
import { withinDeadline } from '../shared/deadline.ts'
import { missingSteps } from '../shared/layout.ts'
import { BATCH_FUNCTIONS } from './batch-functions.ts'
import {
  CREDENTIAL_FUNCTIONS,
  DETACH_FUNCTION,
  DETAILS_FUNCTION,
  EXPIRY_FUNCTIONS,
  OTP_FUNCTIONS,
} from './credential-functions.ts'
import { CREDENTIAL_EXPIRY_FUNCTIONS, END_FUNCTIONS } from './end-functions.ts'
import { CALLER_FUNCTIONS, LOGIN_FUNCTIONS } from './login-functions.ts'
import { handleErrors, type PostgresClient, type PostgresPool } from './pool.ts'
import { ARRIVAL_FUNCTIONS, CHANGE_FUNCTIONS, CREATE_FUNCTION } from './session-functions.ts'
import { REQUIRE_READ_COMMITTED } from './sql-fragments.ts'
import { TABLES } from './tables.ts'

/**
 * Step n creates layout n. The name of each function contains its own version. A released function never changes.
 * Instead, a step adds the next version of the function. A new column accepts null or has a default. Processes of two
 * versions of this code can therefore use the same database.
 */
export const STEPS: readonly string[] = [
  TABLES + ARRIVAL_FUNCTIONS + CHANGE_FUNCTIONS + CREDENTIAL_FUNCTIONS + END_FUNCTIONS,
  // This step adds `session_create_v2`, because version 0.6.0 removed a parameter of `session_create_v1`.
  CREATE_FUNCTION,
  LOGIN_FUNCTIONS + OTP_FUNCTIONS,
  DETACH_FUNCTION,
  EXPIRY_FUNCTIONS + CREDENTIAL_EXPIRY_FUNCTIONS + CALLER_FUNCTIONS,
  BATCH_FUNCTIONS,
  DETAILS_FUNCTION,
]

const PREPARE_MILLISECONDS = 60_000

/**
 * Creates or migrates the tables and functions in the first schema of the connection's `search_path`. Call it when the
 * application starts, before any process uses the store. Several processes may call it at the same time.
 * @throws Error, and changes nothing, when the schema has a newer version or the isolation is not "read committed".
 */
export async function preparePostgresStore(pool: PostgresPool): Promise<void> {
  checkMethods('preparePostgresStore()', 'a Pool of pg', pool, ['connect', 'on'])
  return prepareSchema(pool, STEPS)
}

export async function prepareSchema(pool: PostgresPool, steps: readonly string[]): Promise<void> {
  handleErrors(pool)
  const client = await pool.connect()
  let isDone = false
  try {
    await withinDeadline(prepare(client, steps), PREPARE_MILLISECONDS, 'PostgreSQL')
    isDone = true
  } finally {
    client.release(!isDone)
  }
}

async function prepare(client: PostgresClient, steps: readonly string[]): Promise<void> {
  const missing = async () => missingSteps(await layoutOf(client), steps, 'use another database or schema')
  await client.query({ text: `DO $$ BEGIN ${REQUIRE_READ_COMMITTED} END $$` })
  if ((await missing()).length === 0) return
  await client.query({ text: 'BEGIN' })
  // When several processes start at once, one process migrates and the others wait.
  await client.query({ text: `SELECT pg_advisory_xact_lock(hashtextextended('session_schema', 0))` })
  await client.query({
    text: `${(await missing()).join('')} UPDATE session_schema SET version = ${steps.length}; COMMIT`,
  })
}

// Searches `pg_class` for the table instead of using its name, because the connection may have cached the names of
// tables before it waited for the lock.
async function layoutOf(client: PostgresClient): Promise<unknown> {
  const present = `SELECT 1 FROM pg_class WHERE relname = 'session_schema' AND pg_table_is_visible(oid)`
  if ((await client.query({ text: present })).rows.length === 0) return undefined
  const { rows } = await client.query({ text: 'SELECT version FROM session_schema' })
  return (rows[0] as { version: unknown } | undefined)?.version ?? null
}
