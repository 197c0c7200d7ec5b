import { withinDeadline } from '../shared/deadline.ts'
import { CREDENTIAL_FUNCTIONS } from './credential-functions.ts'
import { END_FUNCTIONS } from './end-functions.ts'
import { hearErrors, type PostgresClient, type PostgresPool } from './pool.ts'
import { ARRIVAL_FUNCTIONS, CHANGE_FUNCTIONS } from './session-functions.ts'
import { LOOKS_AFRESH } from './steps.ts'
import { TABLES } from './tables.ts'

const SCHEMA_VERSION = 1

/**
 * What each version adds to the one before. Functions carry the version of their meaning in their name and are never changed, so that
 * processes of the version before go on working beside those of the next one.
 */
const STEPS: readonly string[] = [TABLES + ARRIVAL_FUNCTIONS + CHANGE_FUNCTIONS + CREDENTIAL_FUNCTIONS + END_FUNCTIONS]

const PREPARE_MILLISECONDS = 60_000

/**
 * Makes the tables and functions of the session store, or brings those of an older version up to date, in the first schema of the
 * connection's `search_path`. Call it when the application starts, before any process uses the store; several at once are fine.
 * @throws Error when a newer version has been there, or the connection's isolation level does not do; nothing is changed then.
 */
export async function preparePostgresStore(pool: PostgresPool): Promise<void> {
  hearErrors(pool)
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
  await client.query({ text: `DO $$ BEGIN ${LOOKS_AFRESH} END $$` })
  if ((await versionOf(client)) === SCHEMA_VERSION) return
  await client.query({ text: 'BEGIN' })
  // Of several that start at once one makes everything, and the others find it.
  await client.query({ text: `SELECT pg_advisory_xact_lock(hashtextextended('session_schema', 0))` })
  const version = await versionOf(client)
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `The sessions were written by a newer version (schema ${version}; this one knows ${SCHEMA_VERSION}). Update the application, or give it a database or a schema of its own.`,
    )
  }
  const steps = STEPS.slice(version).join('')
  await client.query({ text: `${steps} UPDATE session_schema SET version = ${SCHEMA_VERSION}; COMMIT` })
}

/** 0 when there is nothing yet. Looks into the catalogue itself: what a connection remembers of names may be of before it waited. */
async function versionOf(client: PostgresClient): Promise<number> {
  const present = `SELECT 1 FROM pg_class WHERE relname = 'session_schema' AND pg_table_is_visible(oid)`
  if ((await client.query({ text: present })).rows.length === 0) return 0
  const { rows } = await client.query({ text: 'SELECT version FROM session_schema' })
  return Number((rows[0] as { version: unknown }).version)
}
