import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { address, kind } from './serve.mjs'

/** Opens a SQLite file with WAL. After a power cut, only the kind `sqlite-power-loss` has every confirmed write. */
export function openSqlite() {
  const db = new Database(address)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${kind === 'sqlite-power-loss' ? 'FULL' : 'NORMAL'}`)
  return db
}

/** The client sends all commands of one turn of the event loop together, like the client of this layer. */
export function openRedis() {
  return new Redis(address, { enableAutoPipelining: true })
}

/** The pool has as many connections as the pool of this layer. */
export function openPostgres() {
  return new Pool({ connectionString: address, max: 10 })
}
