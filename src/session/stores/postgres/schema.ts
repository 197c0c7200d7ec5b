import { withinDeadline } from '../shared/deadline.ts'
import { CREDENTIAL_FUNCTIONS } from './credential-functions.ts'
import { END_FUNCTIONS } from './end-functions.ts'
import { LOGIN_FUNCTIONS } from './login-functions.ts'
import { handleErrors, type PostgresClient, type PostgresPool } from './pool.ts'
import { ARRIVAL_FUNCTIONS, CHANGE_FUNCTIONS } from './session-functions.ts'
import { REQUIRE_READ_COMMITTED } from './sql-fragments.ts'
import { TABLES } from './tables.ts'

const SCHEMA_VERSION = 2

// One migration for each schema version. The name of each function contains its own version, and a released function is
// never changed. Processes of two versions can therefore run side by side.
const MIGRATIONS: readonly string[] = [
  TABLES + ARRIVAL_FUNCTIONS + CHANGE_FUNCTIONS + CREDENTIAL_FUNCTIONS + END_FUNCTIONS,
  LOGIN_FUNCTIONS,
]

const PREPARE_MILLISECONDS = 60_000

/**
 * Creates or migrates the tables and functions in the first schema of the connection's `search_path`. Call it when the
 * application starts, before any process uses the store. Several processes may call it at the same time.
 * @throws Error when the schema has a newer version, or the isolation level is not "read committed". Changes nothing.
 */
export async function preparePostgresStore(pool: PostgresPool): Promise<void> {
  handleErrors(pool)
  const client = await pool.connect()
  let isDone = false
  try {
    await withinDeadline(prepare(client), PREPARE_MILLISECONDS, 'PostgreSQL')
    isDone = true
  } finally {
    client.release(!isDone)
  }
}

async function prepare(client: PostgresClient): Promise<void> {
  await client.query({ text: `DO $$ BEGIN ${REQUIRE_READ_COMMITTED} END $$` })
  if ((await versionOf(client)) === SCHEMA_VERSION) return
  await client.query({ text: 'BEGIN' })
  // When several processes start at once, one migrates and the others wait.
  await client.query({ text: `SELECT pg_advisory_xact_lock(hashtextextended('session_schema', 0))` })
  const version = await versionOf(client)
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `The sessions were written by a newer version (schema ${version}; this one knows ${SCHEMA_VERSION}). Update the application, or give it a database or a schema of its own.`,
    )
  }
  const migrations = MIGRATIONS.slice(version).join('')
  await client.query({ text: `${migrations} UPDATE session_schema SET version = ${SCHEMA_VERSION}; COMMIT` })
}

// Reads `pg_class`, because the connection may have cached the names of tables before it waited for the lock.
async function versionOf(client: PostgresClient): Promise<number> {
  const present = `SELECT 1 FROM pg_class WHERE relname = 'session_schema' AND pg_table_is_visible(oid)`
  if ((await client.query({ text: present })).rows.length === 0) return 0
  const { rows } = await client.query({ text: 'SELECT version FROM session_schema' })
  return Number((rows[0] as { version: unknown }).version)
}
