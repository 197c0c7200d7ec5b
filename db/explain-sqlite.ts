import { StartError } from '../src/config/start-error.ts'
import { DatabaseUnavailable } from './errors.ts'

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
