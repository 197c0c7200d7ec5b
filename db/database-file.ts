import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from '../src/config/start-error.ts'
import { DatabaseUnavailable } from './errors.ts'

interface OpenedSqlite {
  pragma(pragma: string): unknown
  exec(sql: string): unknown
  close(): unknown
}

/** Several processes can share the file. Throws a `StartError` that names `variable`, the setting of the file. */
export function openDatabaseFile<Sqlite extends OpenedSqlite>(
  file: string,
  variable: string,
  open: (file: string) => Sqlite,
): Sqlite {
  if (file !== ':memory:') {
    if (!existsSync(dirname(file)))
      throw new StartError(`The folder ${dirname(file)} does not exist. Create it, or set ${variable} to another file.`)
    if (existsSync(file) && !statSync(file).isFile())
      throw new StartError(
        `${file} is not a file. Set ${variable} to a database file, or to one that does not exist yet.`,
      )
  }
  let database: Sqlite | undefined
  try {
    database = open(file)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = NORMAL')
    database.pragma('foreign_keys = ON')
    // Fails now, not later, when the file is locked or cannot be written.
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return database
  } catch (error) {
    database?.close()
    throw explainSqliteError(error, file, variable)
  }
}

/** Converts a known error of SQLite to a `StartError`. Returns other errors unchanged. */
export function explainSqliteError(error: unknown, file: string, variable: string): unknown {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error
  const code = String((cause as { code?: unknown } | null)?.code)
  const reason = Object.entries(REASONS).find(([prefix]) => code.startsWith(prefix))?.[1]
  return reason === undefined
    ? error
    : new StartError(`${file} ${reason} (${variable}). Nothing was changed.`, { cause })
}

const REASONS: Record<string, string> = {
  SQLITE_NOTADB: 'is not a database: choose another file, or move this one away',
  SQLITE_CORRUPT: 'is damaged: restore it from a backup, or move it away',
  SQLITE_READONLY: 'cannot be written: allow writing to it and to its folder, or choose another file',
  SQLITE_CANTOPEN: 'cannot be opened: check the permissions of the file and its folder, or choose another file',
  SQLITE_PERM: 'cannot be opened: check the permissions of the file and its folder, or choose another file',
  SQLITE_BUSY: 'is locked by another program: stop that program, or choose another file',
  SQLITE_FULL: 'cannot grow: the disk is full',
  SQLITE_IOERR: 'cannot be read or written: the disk reports an error',
}
