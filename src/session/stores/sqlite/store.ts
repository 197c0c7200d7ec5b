import { checkFlags, checkMethods, refuseUnknown } from '../../known-options.ts'
import type { SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import { perApp } from '../shared/per-app.ts'
import { sqliteAnnouncements } from './announcements.ts'
import { openForSharing, type SqliteDatabase, shortenBusyTimeout } from './batch.ts'
import { endMarks } from './end-marks.ts'
import { foundCache } from './found-cache.ts'
import { markedEnds } from './marked-ends.ts'
import { sqlitePresence } from './presence.ts'
import { sqliteProbe } from './probe.ts'
import { withRoundedIntegers } from './rounded-integers.ts'
import { sqliteRows, storedApps } from './rows.ts'
import { prepareTables, STEPS, type Step } from './schema.ts'
import { turns } from './turns.ts'

export interface SqliteStoreOptions {
  /**
   * With 'power-loss', a committed write survives a power cut. With 'crash', writes are about four times faster, but a
   * power cut may undo the last writes, such as a logout. Default 'power-loss'.
   */
  durability?: 'power-loss' | 'crash'
  /**
   * Whether each sweep also removes the data of other applications, a day after the data has expired. Default true.
   * Use false if the clocks of the applications differ, for instance in tests on a shared file.
   */
  sweepUnusedApps?: boolean
}

/**
 * Stores sessions in a SQLite file that any number of processes on one machine may share.
 * Use the connection `db` for nothing else, because the store sets pragmas and begins transactions.
 * Migrates a file of an older version.
 * @throws TypeError for an invalid option. Error if a newer version of this store wrote the file.
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): SessionStore {
  return sqliteStoreWith(STEPS, db, options)
}

export function sqliteStoreWith(
  steps: readonly Step[],
  connection: SqliteDatabase,
  options: SqliteStoreOptions = {},
): SessionStore {
  checkMethods('sqliteStore()', 'an open database of better-sqlite3 or node:sqlite', connection, ['prepare', 'exec'])
  refuseUnknown('sqliteStore()', options, { durability: true, sweepUnusedApps: true })
  const { durability = 'power-loss', sweepUnusedApps = true } = options
  if (durability !== 'power-loss' && durability !== 'crash')
    throw new TypeError(`sqliteStore(): durability is 'power-loss' or 'crash', got ${JSON.stringify(durability)}.`)
  checkFlags('sqliteStore(): ', { sweepUnusedApps })
  const db = withRoundedIntegers(connection)
  openForSharing(db)
  db.exec(`PRAGMA synchronous = ${durability === 'power-loss' ? 'FULL' : 'NORMAL'}`)
  prepareTables(db, steps)
  shortenBusyTimeout(db)
  const announcements = sqliteAnnouncements(db)
  const cache = foundCache(db)
  const marks = endMarks(db)
  const { lookups, writes } = turns(db, cache)
  const rowsOf = perApp(sqliteRows(db, cache, marks, announcements.notify))
  const store = embeddedStore(rowsOf, writes, () => (sweepUnusedApps ? storedApps(db) : []), lookups)
  return {
    name: 'sqlite',
    ...store,
    ...markedEnds(rowsOf, marks, writes, { ...store, sweepUnusedApps }),
    probe: sqliteProbe(db, writes),
    presence: sqlitePresence(db, writes),
    announcements,
  }
}
