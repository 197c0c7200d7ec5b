import { NEVER } from '../../record.ts'
import { missingSteps } from '../shared/layout.ts'
import type { SqliteDatabase } from './batch.ts'

export type Step = (db: SqliteDatabase) => void

// The integer keys of sessions increase, so a new session and its credential are appended to their tables. The
// index of the session IDs grows at its end too, because an ID begins with the time.
const TABLES = `
CREATE TABLE session_schema (version INTEGER NOT NULL);
CREATE TABLE session_records (
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
CREATE INDEX session_records_end ON session_records (app, end_at);
CREATE INDEX session_records_user ON session_records (app, user_id) WHERE user_id IS NOT NULL;
CREATE TABLE session_credentials (
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
CREATE UNIQUE INDEX session_credentials_otp ON session_credentials (app, hash) WHERE kind = 'otp';
CREATE TABLE session_tombstones (
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
CREATE INDEX session_tombstones_keep_until ON session_tombstones (app, keep_until);
CREATE TABLE session_processes (
  app TEXT NOT NULL,
  id TEXT NOT NULL,
  beat INTEGER NOT NULL,
  PRIMARY KEY (app, id)
) WITHOUT ROWID;
`

const LIST_INDEXES = `
-- One index for each sort order of a list, and two partial ones for rare records.
CREATE INDEX session_records_created ON session_records (app, coalesce(start_time, 0), id);
CREATE INDEX session_records_seen ON session_records (app, coalesce(last_access_time, 0), id);
CREATE INDEX session_records_rest ON session_records (app, coalesce(start_time, 0), id) WHERE kind = 'rest';
CREATE INDEX session_records_invalidated ON session_records (app, end_at) WHERE start_time IS NULL;
CREATE INDEX session_credentials_link ON session_credentials (app) WHERE via = 'link' AND kind <> 'otp';
CREATE INDEX session_credentials_token ON session_credentials (app) WHERE via = 'token' AND kind <> 'otp';
`

// This index finds unused logins (see `touch` in store.ts). The column `successor` contains the origin.
const LOGIN_INDEX = `
CREATE INDEX session_credentials_login ON session_credentials (app, details)
  WHERE kind = 'cookie' AND details IS NOT NULL AND last_seen_at IS NULL;
`

// This index finds expired credentials. Most cookies never expire, so they are not in the index.
const EXPIRY_INDEX = `
CREATE INDEX session_credentials_expiry ON session_credentials (app, expires_at) WHERE expires_at < ${NEVER};
`

// A mark ends the sessions of an application with this key or a lower key. `kind` is null for both kinds. The trigger
// ensures that a new session has a higher key, also if a process of an older version adds the session.
const END_MARKS = `
CREATE TABLE session_end_marks (
  key INTEGER PRIMARY KEY,
  app TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  last_key INTEGER NOT NULL,
  kind TEXT,
  except_id TEXT,
  reason TEXT NOT NULL,
  ended_at INTEGER NOT NULL,
  keep_until INTEGER NOT NULL,
  message TEXT
);
CREATE TRIGGER session_end_marks_last_key AFTER DELETE ON session_records
WHEN EXISTS (SELECT 1 FROM session_end_marks WHERE last_key = OLD.key)
BEGIN
  UPDATE session_end_marks SET last_key = (SELECT coalesce(max(key), 0) FROM session_records WHERE key < OLD.key)
  WHERE last_key = OLD.key;
END;
`

/** Step n creates layout n. A new column accepts null or has a default, so that older versions can still add rows. */
export const STEPS: readonly Step[] = [
  (db) => db.exec(TABLES),
  (db) => {
    addPurpose(db)
    db.exec(LIST_INDEXES)
  },
  (db) => {
    addPurpose(db) // Versions 0.4.0 and 0.5.0 migrated a file of 0.1.0 to layout 2 without this column.
    db.exec(LOGIN_INDEX)
  },
  (db) => db.exec(EXPIRY_INDEX),
  (db) => db.exec(END_MARKS),
]

/** Adds the column if it is missing. Version 0.2.0 added this column without a step. */
function addPurpose(db: SqliteDatabase): void {
  if (!hasColumn(db, 'session_credentials', 'purpose'))
    db.exec('ALTER TABLE session_credentials ADD COLUMN purpose TEXT')
}

/** Creates or migrates the tables. Several processes may do so at the same time. @throws Error for a newer layout. */
export function prepareTables(db: SqliteDatabase, steps: readonly Step[]): void {
  const missing = () => missingSteps(layoutOf(db), steps, 'move the file away')
  if (missing().length === 0) return
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have migrated the file while this process waited for the lock.
    for (const step of missing()) step(db)
    db.exec(`DELETE FROM session_schema; INSERT INTO session_schema (version) VALUES (${steps.length}); COMMIT`)
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function layoutOf(db: SqliteDatabase): unknown {
  const present = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'session_schema'`).get()
  if (!present) return undefined
  const row = db.prepare('SELECT CAST(version AS TEXT) AS version FROM session_schema').get()
  return (row as { version: unknown } | undefined)?.version ?? null
}

function hasColumn(db: SqliteDatabase, table: string, column: string): boolean {
  return db.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column) !== undefined
}
