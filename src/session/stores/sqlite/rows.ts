import { type Credential, type EndedSession, endedSession, NEVER, type SessionRecord } from '../../record.ts'
import type { EndFilter } from '../../store.ts'
import type { EmbeddedRows, Ending, SessionRow, Tombstone } from '../shared/embedded-rows.ts'
import { tombstoneAfter } from '../shared/embedded-rules.ts'
import type { SqliteAnnouncements } from './announcements.ts'
import type { SqliteDatabase } from './batch.ts'
import { type EndedRow, type EndMarks, IS_NOT_MARKED, NOT_MARKED } from './end-marks.ts'
import { FOUND, type FoundCache, type FoundRow, RECORD, toFound } from './found-cache.ts'
import { countListed, IS_GUEST, listPage } from './lists.ts'

interface SqliteRow extends SessionRow {
  readonly key: number
}

/** The rows of one application, with the sessions that a mark has ended. */
export interface SqliteRows extends EmbeddedRows<SqliteRow> {
  addMark(mark: string, filter: EndFilter, ending: Ending): void
  /** Deletes at most `most` sessions of the mark, and returns them. Then deletes the mark if no more sessions are left. */
  endMarked(mark: string, most: number): EndedSession[]
}

const CREDENTIAL = `handle, hash, kind, via, created_at AS createdAt, last_seen_at AS lastSeenAt, authenticated_at AS authenticatedAt,
  device, address, expires_at AS expiresAt, purpose, details`
// An end of more sessions sends one notification without an ID, because each notification calls all listeners.
const MOST_NOTIFICATIONS = 100
const IS_LIVE = 's.start_time IS NOT NULL AND s.end_at > ?'

const IS_UNUSED_LOGIN = `c.kind = 'cookie' AND c.details IS NOT NULL AND c.last_seen_at IS NULL`
const UNUSED_LOGINS = `SELECT c.session_key FROM session_credentials c WHERE c.app = ? AND ${IS_UNUSED_LOGIN}`
const IS_UNUSED = `s.start_time IS NOT NULL AND s.last_access_time <= s.start_time
  AND NOT EXISTS (SELECT 1 FROM session_credentials o WHERE o.session_key = s.key AND o.last_seen_at IS NOT NULL)`
const ORIGIN = `(SELECT min(c.details) FROM session_credentials c WHERE c.session_key = s.key AND ${IS_UNUSED_LOGIN})`

const UPDATED = `version = version + 1, write_id = ?
  WHERE app = ? AND id = ? AND ${IS_NOT_MARKED} AND version = coalesce(?, version) AND start_time IS NOT NULL AND end_at > ? AND write_id IS NOT ?
    AND (? IS NULL OR EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = key AND c.hash = ? AND c.expires_at > ?))`

export function sqliteRows(
  db: SqliteDatabase,
  cache: FoundCache,
  marks: EndMarks,
  notify: SqliteAnnouncements['notify'],
): (app: string) => SqliteRows {
  const findStatement = db.prepare(
    `SELECT s.key, ${FOUND} FROM session_records s JOIN session_credentials c ON c.session_key = s.key AND c.hash = ? WHERE s.app = ? AND s.id = ? AND ${IS_NOT_MARKED}`,
  )
  const findOTPStatement = db.prepare(
    `SELECT ${FOUND} FROM session_credentials c JOIN session_records s ON s.key = c.session_key WHERE c.app = ? AND c.hash = ? AND c.kind = 'otp' AND ${IS_NOT_MARKED}`,
  )
  const recordStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.id = ? AND ${IS_NOT_MARKED}`,
  )
  const writeIdStatement = db.prepare(
    `SELECT write_id AS writeId FROM session_records s WHERE s.app = ? AND s.id = ? AND ${IS_NOT_MARKED}`,
  )
  const credentialStatement = db.prepare(
    `SELECT ${CREDENTIAL} FROM session_credentials WHERE session_key = ? AND hash = ?`,
  )
  const addRecordStatement = db.prepare(
    `INSERT INTO session_records (app, id, kind, user_name, user_id, grants, storage, start_time, last_access_time, idle_milliseconds,
      absolute_end, end_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  // SQLite updates the index of every column that a statement sets, even if the value stays the same. Most updates
  // change only the storage, so they use this statement, which sets no column that has an index.
  const updateStorageStatement = db.prepare(`UPDATE session_records AS s SET storage = ?, ${UPDATED}`)
  const updateStatement = db.prepare(
    `UPDATE session_records AS s SET storage = coalesce(?, storage), user_name = coalesce(?, user_name), user_id = coalesce(?, user_id),
      grants = coalesce(?, grants), last_access_time = max(last_access_time, coalesce(?, last_access_time)),
      idle_milliseconds = coalesce(?, idle_milliseconds), end_at = coalesce(?, end_at), ${UPDATED} RETURNING key`,
  )
  const accessStatement = db.prepare('UPDATE session_records SET last_access_time = ?, end_at = ? WHERE key = ?')
  const seenStatement = db.prepare(
    `UPDATE session_credentials SET last_seen_at = ?, device = coalesce(?, device), address = coalesce(?, address)
      WHERE session_key = ? AND hash = ?`,
  )
  const setDetailsStatement = db.prepare(
    'UPDATE session_credentials SET details = ? WHERE session_key = ? AND hash = ?',
  )
  const authenticatedStatement = db.prepare(
    `UPDATE session_credentials SET authenticated_at = ?, via = 'login' WHERE session_key = ? AND hash = ?`,
  )
  const invalidateStatement = db.prepare(
    `UPDATE session_records SET start_time = NULL, last_access_time = NULL, storage = '{}', version = version + 1 WHERE key = ?`,
  )
  const deleteRecordStatement = db.prepare('DELETE FROM session_records WHERE key = ?')
  // A marked session may already have a tombstone, because a device has taken its message.
  const buryStatement = db.prepare(
    `INSERT OR IGNORE INTO session_tombstones (app, hash, id, reason, ended_at, successor, keep_until, message)
      SELECT c.app, c.hash, s.id, ?, ?, NULL, ?, ? FROM session_records s JOIN session_credentials c ON c.session_key = s.key
      WHERE s.key IN (SELECT value FROM json_each(?)) AND c.kind <> 'otp'`,
  )
  const deleteAllCredentialsStatement = db.prepare(
    'DELETE FROM session_credentials WHERE session_key IN (SELECT value FROM json_each(?))',
  )
  const deleteAllStatement = db.prepare('DELETE FROM session_records WHERE key IN (SELECT value FROM json_each(?))')
  const addCredentialStatement = db.prepare(
    `INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, last_seen_at, authenticated_at, device,
      address, expires_at, purpose, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const credentialsStatement = db.prepare(
    `SELECT ${CREDENTIAL} FROM session_credentials WHERE session_key = ? ORDER BY created_at, hash`,
  )
  const deleteCredentialStatement = db.prepare('DELETE FROM session_credentials WHERE session_key = ? AND hash = ?')
  const deleteCredentialsStatement = db.prepare('DELETE FROM session_credentials WHERE session_key = ?')
  const addTombstoneStatement = db.prepare(
    `INSERT OR REPLACE INTO session_tombstones (app, hash, id, reason, ended_at, successor, keep_until, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const leaveMessageStatement = db.prepare(
    'UPDATE session_tombstones SET message = ?, keep_until = ? WHERE app = ? AND id = ?',
  )
  const liveOfUserStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.user_id = ? AND ${IS_LIVE} AND ${IS_NOT_MARKED}
      AND NOT EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = 'token') ORDER BY s.start_time, s.key`,
  )
  const withUnusedLoginStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.key IN (${UNUSED_LOGINS} AND c.details = ?)
      AND ${IS_UNUSED} AND ${IS_NOT_MARKED} AND ${ORIGIN} = ? ORDER BY s.start_time, s.key`,
  )
  const countRepeatedStatement = marks.prepare(
    `SELECT count(*) - count(DISTINCT origin) AS n FROM (
      SELECT ${ORIGIN} AS origin FROM session_records s WHERE s.key IN (${UNUSED_LOGINS}) AND ${IS_UNUSED} AND ${NOT_MARKED})`,
  )
  const endedUntilStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.end_at <= ? ORDER BY s.end_at LIMIT ?`,
  )
  const deleteTombstonesStatement = db.prepare('DELETE FROM session_tombstones WHERE app = ? AND keep_until <= ?')
  // With the condition on NEVER, SQLite can search the partial index.
  const deleteExpiredStatement = db.prepare(
    `DELETE FROM session_credentials WHERE app = ? AND expires_at <= ? AND expires_at < ${NEVER} RETURNING session_key AS key`,
  )
  const countUpToStatement = marks.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM session_records s WHERE s.app = ? AND ${NOT_MARKED} LIMIT ?)`,
  )
  const countGuestsUpToStatement = marks.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM session_records s WHERE s.app = ? AND s.start_time IS NOT NULL AND ${IS_GUEST} AND ${NOT_MARKED} LIMIT ?)`,
  )

  const [begin, commit] = [db.prepare('BEGIN'), db.prepare('COMMIT')]

  function matching(app: string, { userId, kind, exceptId }: EndFilter, now: number): EndedRow[] {
    const where = [`s.app = ?`, IS_LIVE, IS_NOT_MARKED]
    const parameters: unknown[] = [app, now]
    const add = (condition: string, value: unknown) => {
      if (value === undefined) return
      where.push(condition)
      parameters.push(value)
    }
    add('s.user_id = ?', userId)
    add('s.kind = ?', kind)
    add('s.id <> ?', exceptId)
    const columns = 's.key, s.id, s.kind, s.user_name AS userName, s.user_id AS userId'
    const sql = `SELECT ${columns} FROM session_records s WHERE ${where.join(' AND ')}`
    return marks
      .prepare(sql)(app)
      .all(...parameters) as EndedRow[]
  }

  function endAll(ended: readonly EndedRow[], tombstone: Omit<Tombstone, 'id' | 'origin'>): EndedSession[] {
    const { reason, endedAt, keepUntil, message } = tombstone
    const keys = JSON.stringify(ended.map(({ key }) => key))
    buryStatement.run(reason, endedAt, keepUntil, message, keys)
    deleteAllCredentialsStatement.run(keys)
    deleteAllStatement.run(keys)
    for (const { key } of ended) cache.forget(key)
    return ended.map((row) => endedSession(row, reason))
  }

  /** Otherwise, another process could add a mark and delete sessions between two statements of `read`. */
  function inSnapshot<T>(read: () => T): T {
    begin.run()
    try {
      return read()
    } finally {
      commit.run()
    }
  }

  return (app) => {
    const reader = { prepare: (sql: string) => marks.prepare(sql)(app) }
    const rows: SqliteRows = {
      session: (id) => toRow(recordStatement.get(app, id) as RecordRow | undefined),
      find(id, hash) {
        const known = cache.get(app, id, hash)
        if (known) return known
        const row = findStatement.get(hash, app, id) as (FoundRow & { key: number }) | undefined
        if (!row) return undefined
        const found = toFound(row)
        cache.put(row.key, app, hash, found)
        return found
      },
      findOTP(hash) {
        const row = findOTPStatement.get(app, hash) as FoundRow | undefined
        return row && toFound(row)
      },
      tombstone: (id, hash) => marks.tombstone(app, id, hash),
      credential: ({ key }, hash) => toCredential(credentialStatement.get(key, hash)),
      credentials: ({ key }) => credentialsStatement.all(key).map((row) => toCredential(row) as Credential),
      writeIdOf: (id) => (writeIdStatement.get(app, id) as { writeId: string | null } | undefined)?.writeId,

      insert(session, credential) {
        const { id, kind, userName, userId, grants, storage, startTime, lastAccessTime } = session
        const { idleMilliseconds, absoluteEnd, end, version } = session
        const texts = [app, id, kind, userName, userId, grants, storage]
        const numbers = [startTime, lastAccessTime, idleMilliseconds, absoluteEnd, end, version]
        const key = Number(addRecordStatement.run(...texts, ...numbers).lastInsertRowid)
        rows.addCredential({ key, record: session }, credential)
      },
      update(id, { version, by = null }: { version?: number; by?: string | null }, writeId, changes, now) {
        const { userName, userId, grants, storage, lastAccessTime, idleMilliseconds, end, authenticatedAt } = changes
        const others = [userName, userId, grants, lastAccessTime, idleMilliseconds, end]
        const condition = [writeId, app, id, version ?? null, now, writeId, by, by, now]
        if (storage !== undefined && [...others, authenticatedAt].every((field) => field === undefined)) {
          const isUpdated = Number(updateStorageStatement.run(storage, ...condition).changes) === 1
          if (isUpdated) cache.replaceStorage(app, id, version, storage)
          return isUpdated
        }
        const row = updateStatement.get(storage ?? null, ...others.map((field) => field ?? null), ...condition)
        const key = (row as { key: number } | undefined)?.key
        if (key === undefined) return false
        cache.forget(key)
        if (authenticatedAt !== undefined) authenticatedStatement.run(authenticatedAt, key, by)
        return true
      },
      access({ key }, lastAccessTime, end) {
        cache.forget(key)
        accessStatement.run(lastAccessTime, end, key)
      },
      invalidate({ key }) {
        cache.forget(key)
        invalidateStatement.run(key)
      },
      delete({ key }) {
        cache.forget(key)
        deleteCredentialsStatement.run(key)
        deleteRecordStatement.run(key)
      },

      endMatching(filter, ending) {
        const ended = endAll(matching(app, filter, ending.now), tombstoneAfter(ending))
        if (ended.length > MOST_NOTIFICATIONS) notify(app, undefined)
        else for (const { id } of ended) notify(app, id)
        return ended
      },
      addMark(mark, filter, ending) {
        cache.forgetAll()
        marks.add(app, mark, filter, ending)
        notify(app, undefined)
      },
      endMarked(mark, most) {
        const tombstone = marks.tombstoneOf(mark)
        if (!tombstone) return []
        const ended = endAll(marks.sessions(mark, most), tombstone)
        if (ended.length < most) marks.remove(mark)
        return ended
      },

      addCredential({ key }, credential) {
        const { handle, hash, kind, via, createdAt, lastSeenAt, authenticatedAt, device, address } = credential
        const { expiresAt, purpose, details } = credential
        const texts = [key, app, handle, hash, kind, via]
        const seen = [createdAt, lastSeenAt, authenticatedAt, device, address]
        addCredentialStatement.run(...texts, ...seen, expiresAt, purpose, details)
      },
      seeCredential({ key }, hash, lastSeenAt, { device, address }) {
        cache.forget(key)
        seenStatement.run(lastSeenAt, device, address, key, hash)
      },
      setDetails({ key }, hash, details) {
        cache.forget(key)
        setDetailsStatement.run(details, key, hash)
      },
      deleteCredential({ key }, hash) {
        cache.forget(key)
        deleteCredentialStatement.run(key, hash)
      },

      addTombstone(hash, { id, reason, endedAt, origin, keepUntil, message }) {
        notify(app, id)
        addTombstoneStatement.run(app, hash, id, reason, endedAt, origin, keepUntil, message)
      },
      leaveMessage: (id, message, keepUntil) => void leaveMessageStatement.run(message, keepUntil, app, id),
      deleteTombstones: (until) => void deleteTombstonesStatement.run(app, until),
      deleteExpired(until) {
        for (const { key } of deleteExpiredStatement.all(app, until) as { key: number }[]) cache.forget(key)
      },

      countUpTo: (most) => (countUpToStatement(app).get(app, most) as { n: number }).n,
      countGuestsUpTo: (most) => (countGuestsUpToStatement(app).get(app, most) as { n: number }).n,
      liveOfUser: (userId, now) => toRows(liveOfUserStatement.all(app, userId, now)),
      withUnusedLogin: (origin) => toRows(withUnusedLoginStatement.all(app, origin, origin)),
      countRepeatedLogins: () => (countRepeatedStatement(app).get(app) as { n: number }).n,
      endedUntil: (time, most) => toRows(endedUntilStatement.all(app, time, most)),
      list: (call) => inSnapshot(() => listPage(reader, call)),
      count: (call) => inSnapshot(() => countListed(reader, call)),
    }
    return rows
  }
}

/** Copies the row, because rows of node:sqlite have no prototype. */
function toCredential(row: unknown): Credential | undefined {
  return row === undefined ? undefined : { ...(row as Credential) }
}

/** Selects the applications in a table. Reads only one row for each application, because the table may be large. */
const appsIn = (table: string) => `SELECT app FROM (
  WITH RECURSIVE names (app) AS (
    SELECT min(app) FROM ${table}
    UNION ALL SELECT (SELECT min(app) FROM ${table} WHERE app > names.app) FROM names WHERE names.app IS NOT NULL
  ) SELECT app FROM names WHERE app IS NOT NULL)`
const STORED_APPS = `${appsIn('session_records')} UNION ${appsIn('session_tombstones')}`

export function storedApps(db: SqliteDatabase): string[] {
  return (db.prepare(STORED_APPS).all() as { app: string }[]).map(({ app }) => app)
}

type RecordRow = SessionRecord & { readonly key: number }

function toRow(row: RecordRow | undefined): SqliteRow | undefined {
  if (!row) return undefined
  const { key, ...record } = row
  return { key, record }
}

function toRows(rows: unknown[]): SqliteRow[] {
  return (rows as RecordRow[]).map(({ key, ...record }) => ({ key, record }))
}
