import type { SessionStore } from '../../store.ts'
import { embeddedStore } from '../shared/embedded.ts'
import { perApp } from '../shared/per-app.ts'
import { sqliteAnnouncements } from './announcements.ts'
import { endPatience, openForSharing, type SqliteDatabase, writeBatch } from './batch.ts'
import { sqlitePresence } from './presence.ts'
import { sqliteRows } from './rows.ts'
import { createSchema } from './schema.ts'

export interface SqliteStoreOptions {
  /**
   * What an answered write survives. 'power-loss' (default): everything the disk survives. 'crash': the end of the process
   * in any way, but the last moments before a power cut may be lost, a logout among them. About four times faster.
   */
  durability?: 'power-loss' | 'crash'
}

/**
 * Keeps sessions in a SQLite file that any number of processes on one machine may share.
 * Give it a connection of its own: it sets the connection's pragmas and begins its own transactions.
 * @throws Error when the file holds a newer schema.
 */
export function sqliteStore(db: SqliteDatabase, { durability = 'power-loss' }: SqliteStoreOptions = {}): SessionStore {
  openForSharing(db)
  db.exec(`PRAGMA synchronous = ${durability === 'power-loss' ? 'FULL' : 'NORMAL'}`)
  createSchema(db)
  endPatience(db)
  const announcements = sqliteAnnouncements(db)
  const writes = writeBatch(db)
  const rowsOf = perApp(sqliteRows(db, announcements.notify))
  return { ...embeddedStore(rowsOf, writes), presence: sqlitePresence(db, writes), announcements }
}
