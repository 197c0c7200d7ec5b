import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { explainSqliteError } from '../../db/explain-sqlite.ts'
import { StartError } from '../config/start-error.ts'
import { openForSharing } from '../session/stores/sqlite/index.ts'

// How long a query waits while another process writes, after the start. Waiting blocks the event loop.
const BUSY_MILLISECONDS = 2000

const OWNER_ONLY = 0o600

/** Several processes can share the file. Throws a `StartError` that names `variable`, the setting with the path. */
export function openSqlite(file: string, variable: string): SqliteDatabase.Database {
  if (file !== ':memory:') {
    if (!existsSync(dirname(file)))
      throw new StartError(`The folder ${dirname(file)} does not exist. Create it, or set ${variable} to another file.`)
    if (existsSync(file) && !statSync(file).isFile())
      throw new StartError(
        `${file} is not a file. Set ${variable} to a database file, or to one that does not exist yet.`,
      )
    restrictToOwner(file)
  }
  let database: SqliteDatabase.Database | undefined
  try {
    database = new SqliteDatabase(file)
    openForSharing(database)
    database.pragma('synchronous = NORMAL')
    database.pragma('foreign_keys = ON')
    // Fails at the start if the file is locked or cannot be written. Without this check, the first request would fail.
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return database
  } catch (error) {
    database?.close()
    throw explainSqliteError(error, file, variable)
  }
}

/** Denies other users of this machine access to the file. SQLite creates `-wal` and `-shm` with the same rights. */
function restrictToOwner(file: string): void {
  try {
    if (!existsSync(file)) closeSync(openSync(file, 'wx', OWNER_ONLY))
    for (const path of [file, `${file}-wal`, `${file}-shm`])
      if (existsSync(path)) chmodSync(path, statSync(path).mode & OWNER_ONLY)
  } catch {
    // Another process has created the file, or another user owns it. If the file cannot be used, opening it fails.
  }
}

/** Call it after the migrations. Long waits would delay all requests, because waiting blocks the event loop. */
export function shortenLockWait(database: SqliteDatabase.Database): void {
  database.pragma(`busy_timeout = ${BUSY_MILLISECONDS}`)
}
