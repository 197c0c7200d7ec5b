import type { SqliteDatabase } from './batch.ts'

const SCHEMA_VERSION = 3

// The integer keys of sessions increase, so a new session and its credential are appended to their tables. With the
// random session IDs as keys, each insert would write into the middle of a table.
const SCHEMA = `
CREATE TABLE IF NOT EXISTS session_schema (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS session_records (
  key INTEGER PRIMARY KEY,
  app TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  user_name TEXT NOT NULL,
  user_id TEXT,
  grants TEXT NOT NULL,
  storage TEXT NOT NULL,
  start_time INTEGER,
  last_access_time INTEGER,
  idle_milliseconds INTEGER NOT NULL,
  absolute_end INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  write_id TEXT,
  UNIQUE (app, id)
);
CREATE INDEX IF NOT EXISTS session_records_end ON session_records (app, end_at);
CREATE INDEX IF NOT EXISTS session_records_user ON session_records (app, user_id) WHERE user_id IS NOT NULL;
-- One index for each sort order of a list, and two partial ones for rare records.
CREATE INDEX IF NOT EXISTS session_records_created ON session_records (app, coalesce(start_time, 0), id);
CREATE INDEX IF NOT EXISTS session_records_seen ON session_records (app, coalesce(last_access_time, 0), id);
CREATE INDEX IF NOT EXISTS session_records_rest ON session_records (app, coalesce(start_time, 0), id) WHERE kind = 'rest';
CREATE INDEX IF NOT EXISTS session_records_invalidated ON session_records (app, end_at) WHERE start_time IS NULL;
CREATE TABLE IF NOT EXISTS session_credentials (
  session_key INTEGER NOT NULL,
  hash TEXT NOT NULL,
  app TEXT NOT NULL,
  handle TEXT NOT NULL,
  kind TEXT NOT NULL,
  via TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  authenticated_at INTEGER,
  device TEXT,
  address TEXT,
  expires_at INTEGER NOT NULL,
  purpose TEXT,
  details TEXT,
  PRIMARY KEY (session_key, hash)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS session_credentials_otp ON session_credentials (app, hash) WHERE kind = 'otp';
CREATE INDEX IF NOT EXISTS session_credentials_link ON session_credentials (app) WHERE via = 'link' AND kind <> 'otp';
CREATE INDEX IF NOT EXISTS session_credentials_token ON session_credentials (app) WHERE via = 'token' AND kind <> 'otp';
CREATE INDEX IF NOT EXISTS session_credentials_login ON session_credentials (app, details)
  WHERE kind = 'cookie' AND details IS NOT NULL AND last_seen_at IS NULL;
-- The column successor holds the origin of a login.
CREATE TABLE IF NOT EXISTS session_tombstones (
  app TEXT NOT NULL,
  hash TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  ended_at INTEGER NOT NULL,
  successor TEXT,
  keep_until INTEGER NOT NULL,
  message TEXT,
  PRIMARY KEY (app, hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_tombstones_keep_until ON session_tombstones (app, keep_until);
CREATE TABLE IF NOT EXISTS session_processes (
  app TEXT NOT NULL,
  id TEXT NOT NULL,
  beat INTEGER NOT NULL,
  PRIMARY KEY (app, id)
) WITHOUT ROWID;
`

/** Creates missing tables and indexes. A file of an older version needs no other migration. */
export function createSchema(db: SqliteDatabase): void {
  const present = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'session_schema'`).get()
  const version = present
    ? (db.prepare('SELECT version FROM session_schema').get() as { version: number } | undefined)?.version
    : undefined
  if (version === SCHEMA_VERSION) return
  if (version !== undefined && version > SCHEMA_VERSION) {
    throw new Error(
      `The sessions were written by a newer version (schema ${version}; this one knows ${SCHEMA_VERSION}). Update the application, or move the file away.`,
    )
  }
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(SCHEMA)
    // Another process may have inserted the row already.
    db.exec(`DELETE FROM session_schema; INSERT INTO session_schema (version) VALUES (${SCHEMA_VERSION})`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
