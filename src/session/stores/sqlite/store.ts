import type { SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import { perApp } from '../shared/per-app.ts'
import { sqliteAnnouncements } from './announcements.ts'
import { openForSharing, type SqliteDatabase, shortenBusyTimeout, writeBatch } from './batch.ts'
import { sqlitePresence } from './presence.ts'
import { sqliteRows } from './rows.ts'
import { createSchema } from './schema.ts'

export interface SqliteStoreOptions {
  /**
   * What a committed write survives. 'power-loss' (default): everything that the disk survives. 'crash': any end of the process, but a
   * power cut may undo the last writes, a logout among them. 'crash' is about four times faster.
   */
  durability?: 'power-loss' | 'crash'
}

/**
 * Keeps sessions in a SQLite file that any number of processes on one machine may share.
 * Give it a connection of its own, because it sets the connection's pragmas and begins transactions.
 * @throws Error when the file holds a newer schema.
 */
export function sqliteStore(db: SqliteDatabase, { durability = 'power-loss' }: SqliteStoreOptions = {}): SessionStore {
  openForSharing(db)
  db.exec(`PRAGMA synchronous = ${durability === 'power-loss' ? 'FULL' : 'NORMAL'}`)
  createSchema(db)
  shortenBusyTimeout(db)
  const announcements = sqliteAnnouncements(db)
  const writes = writeBatch(db)
  const rowsOf = perApp(sqliteRows(db, announcements.notify))
  return { ...embeddedStore(rowsOf, writes), presence: sqlitePresence(db, writes), announcements }
}
