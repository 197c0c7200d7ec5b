import {
  type Credential,
  type EndReason,
  MESSAGE_MILLISECONDS,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  TOMBSTONE_MILLISECONDS,
} from '../../record.ts'
import type { EndFilter, Expected, FoundOTP, SeenFrom, SessionChanges } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'
import { FOUND, type FoundRow, foundCache, RECORD, toFound } from './found-cache.ts'

/** A record with its row's key. */
export type Keyed = SessionRecord & { readonly key: number }

export interface GraveRow {
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  readonly successor: SessionId | null
  readonly keepUntil: number
  readonly message: string | null
}

type Nullable<T> = { [K in keyof T]: T[K] | null }

interface Burial {
  reason: EndReason
  now: number
  message?: string | undefined
  successor?: SessionId
}

const CREDENTIAL = `handle, hash, kind, via, created_at AS createdAt, last_seen_at AS lastSeenAt, authenticated_at AS authenticatedAt,
  device, address, expires_at AS expiresAt, purpose, details`
export const IS_GUEST = `s.grants = '' AND s.user_id IS NULL`
const IS_LIVE = 's.start_time IS NOT NULL AND s.end_at > ?'

const UPDATED = `version = version + 1, write_id = ?
  WHERE app = ? AND id = ? AND version = coalesce(?, version) AND start_time IS NOT NULL AND end_at > ? AND write_id IS NOT ?
    AND (? IS NULL OR EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = key AND c.hash = ?)) RETURNING key`

/**
 * Every statement of the SQLite store, prepared once, under the name of what it does. `onEnd` hears of each credential that ends.
 */
export function sqliteRows(db: SqliteDatabase, onEnd: (app: string, id: SessionId) => void) {
  const cache = foundCache(db)
  const findStatement = db.prepare(
    `SELECT s.key, ${FOUND} FROM session_records s JOIN session_credentials c ON c.session_key = s.key AND c.hash = ? WHERE s.app = ? AND s.id = ?`,
  )
  const findOTPStatement = db.prepare(
    `SELECT ${FOUND} FROM session_credentials c JOIN session_records s ON s.key = c.session_key WHERE c.app = ? AND c.hash = ? AND c.kind = 'otp'`,
  )
  const graveStatement = db.prepare(
    `SELECT id, reason, ended_at AS endedAt, successor, keep_until AS keepUntil, message FROM session_tombstones WHERE app = ? AND hash = ?`,
  )
  const recordStatement = db.prepare(`SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.id = ?`)
  const writeIdStatement = db.prepare('SELECT write_id AS writeId FROM session_records WHERE app = ? AND id = ?')
  const hasCredentialStatement = db.prepare('SELECT 1 FROM session_credentials WHERE session_key = ? AND hash = ?')
  const addRecordStatement = db.prepare(
    `INSERT INTO session_records (app, id, kind, user_name, user_id, grants, storage, start_time, last_access_time, idle_milliseconds,
      absolute_end, end_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key`,
  )
  // Columns that are named are written to their indexes too, changed or not: storage, which changes most, has its own statement.
  const updateStorageStatement = db.prepare(`UPDATE session_records SET storage = coalesce(?, storage), ${UPDATED}`)
  const updateStatement = db.prepare(
    `UPDATE session_records SET storage = coalesce(?, storage), user_name = coalesce(?, user_name), user_id = coalesce(?, user_id),
      grants = coalesce(?, grants), last_access_time = max(last_access_time, coalesce(?, last_access_time)),
      idle_milliseconds = coalesce(?, idle_milliseconds), end_at = coalesce(?, end_at), ${UPDATED}`,
  )
  const touchStatement = db.prepare('UPDATE session_records SET last_access_time = ?, end_at = ? WHERE key = ?')
  const seenStatement = db.prepare(
    `UPDATE session_credentials SET last_seen_at = max(coalesce(last_seen_at, 0), ?), device = coalesce(?, device),
      address = coalesce(?, address) WHERE session_key = ? AND hash = ?`,
  )
  const authenticatedStatement = db.prepare(
    `UPDATE session_credentials SET authenticated_at = ?, via = 'login' WHERE session_key = ? AND hash = ?`,
  )
  const invalidateStatement = db.prepare(
    `UPDATE session_records SET start_time = NULL, last_access_time = NULL, storage = '{}', version = version + 1 WHERE key = ?`,
  )
  const removeRecordStatement = db.prepare('DELETE FROM session_records WHERE key = ?')
  const addCredentialStatement = db.prepare(
    `INSERT INTO session_credentials (session_key, app, handle, hash, kind, via, created_at, last_seen_at, authenticated_at, device,
      address, expires_at, purpose, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const credentialsStatement = db.prepare(
    `SELECT ${CREDENTIAL} FROM session_credentials WHERE session_key = ? ORDER BY created_at, hash`,
  )
  const removeCredentialStatement = db.prepare('DELETE FROM session_credentials WHERE session_key = ? AND hash = ?')
  const removeCredentialsStatement = db.prepare('DELETE FROM session_credentials WHERE session_key = ?')
  const buryStatement = db.prepare(
    `INSERT OR REPLACE INTO session_tombstones (app, hash, id, reason, ended_at, successor, keep_until, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const leaveMessageStatement = db.prepare(
    'UPDATE session_tombstones SET message = ?, keep_until = ? WHERE app = ? AND id = ?',
  )
  const clearMessageStatement = db.prepare('UPDATE session_tombstones SET message = NULL WHERE app = ? AND hash = ?')
  const liveOfUserStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.user_id = ? AND ${IS_LIVE}
      AND NOT EXISTS (SELECT 1 FROM session_credentials c WHERE c.session_key = s.key AND c.via = 'token') ORDER BY s.start_time, s.key`,
  )
  const wasSeenStatement = db.prepare(
    'SELECT 1 FROM session_credentials WHERE session_key = ? AND last_seen_at IS NOT NULL LIMIT 1',
  )
  const endedBeforeStatement = db.prepare(
    `SELECT s.key, ${RECORD} FROM session_records s WHERE s.app = ? AND s.end_at <= ? ORDER BY s.end_at LIMIT ?`,
  )
  const sweepGravesStatement = db.prepare('DELETE FROM session_tombstones WHERE app = ? AND keep_until <= ?')
  const sweepOTPsStatement = db.prepare(
    `DELETE FROM session_credentials WHERE app = ? AND kind = 'otp' AND expires_at <= ?`,
  )
  const countUpToStatement = db.prepare(
    'SELECT count(*) AS n FROM (SELECT 1 FROM session_records WHERE app = ? LIMIT ?)',
  )
  const countGuestsUpToStatement = db.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM session_records s WHERE s.app = ? AND s.start_time IS NOT NULL AND ${IS_GUEST} LIMIT ?)`,
  )

  function removeCredential(key: number, hash: string): void {
    cache.forget(key)
    removeCredentialStatement.run(key, hash)
  }

  return {
    removeCredential,
    /** The session with this credential of it. */
    find(app: string, id: SessionId, hash: string): FoundOTP | undefined {
      const known = cache.get(app, id, hash)
      if (known) return known
      const row = findStatement.get(hash, app, id) as (FoundRow & { key: number }) | undefined
      if (!row) return undefined
      const found = toFound(row)
      cache.put(row.key, app, hash, found)
      return found
    },
    findOTP(app: string, hash: string): FoundOTP | undefined {
      const row = findOTPStatement.get(app, hash) as FoundRow | undefined
      return row && toFound(row)
    },
    grave: (app: string, hash: string) => graveStatement.get(app, hash),
    record: (app: string, id: SessionId) => recordStatement.get(app, id) as Keyed | undefined,
    writeId: (app: string, id: SessionId) =>
      (writeIdStatement.get(app, id) as { writeId: string | null } | undefined)?.writeId,
    wasSeen: (key: number) => wasSeenStatement.get(key) !== undefined,
    hasCredential: (key: number, hash: string) => hasCredentialStatement.get(key, hash) !== undefined,

    addRecord(app: string, s: SessionRecord): number {
      const row = addRecordStatement.get(
        app,
        s.id,
        s.kind,
        s.userName,
        s.userId,
        s.grants,
        s.storage,
        s.startTime,
        s.lastAccessTime,
        s.idleMilliseconds,
        s.absoluteEnd,
        s.end,
        s.version,
      )
      return (row as { key: number }).key
    },
    /** One statement for the comparison and the change. Answers the key of the row that was changed. */
    update(
      app: string,
      id: SessionId,
      { version = null, by = null }: Nullable<Expected>,
      writeId: string,
      changes: SessionChanges,
      now: number,
    ): number | undefined {
      const { userName, userId, grants, storage, lastAccessTime, idleMilliseconds, end } = changes
      const others = [userName, userId, grants, lastAccessTime, idleMilliseconds, end]
      const condition = [writeId, app, id, version, now, writeId, by, by]
      const row = others.every((field) => field === undefined)
        ? updateStorageStatement.get(storage ?? null, ...condition)
        : updateStatement.get(storage ?? null, ...others.map((field) => field ?? null), ...condition)
      const key = (row as { key: number } | undefined)?.key
      if (key !== undefined) cache.forget(key)
      return key
    },
    touch(key: number, hash: string, lastAccessTime: number, end: number, from: SeenFrom, now: number): void {
      cache.forget(key)
      touchStatement.run(lastAccessTime, end, key)
      seenStatement.run(now, from.device, from.address, key, hash)
    },
    markAuthenticated(key: number, hash: string, now: number): void {
      cache.forget(key)
      authenticatedStatement.run(now, key, hash)
    },
    invalidate(key: number): void {
      cache.forget(key)
      invalidateStatement.run(key)
    },
    removeRecord(key: number): void {
      cache.forget(key)
      removeRecordStatement.run(key)
    },

    addCredential(key: number, app: string, c: Credential): void {
      const {
        handle,
        hash,
        kind,
        via,
        createdAt,
        lastSeenAt,
        authenticatedAt,
        device,
        address,
        expiresAt,
        purpose,
        details,
      } = c
      addCredentialStatement.run(
        key,
        app,
        handle,
        hash,
        kind,
        via,
        createdAt,
        lastSeenAt,
        authenticatedAt,
        device,
        address,
        expiresAt,
        purpose,
        details,
      )
    },
    credentialsOf: (key: number) => credentialsStatement.all(key) as Credential[],
    credentialsById(app: string, id: SessionId): Credential[] {
      const record = recordStatement.get(app, id) as Keyed | undefined
      return record ? (credentialsStatement.all(record.key) as Credential[]) : []
    },
    removeCredentials(key: number): void {
      cache.forget(key)
      removeCredentialsStatement.run(key)
    },

    /** Ends one credential; a device's hash is remembered for a while. */
    bury(app: string, record: Keyed, credential: Credential, { reason, now, message, successor }: Burial): void {
      removeCredential(record.key, credential.hash)
      if (credential.kind === 'otp') return
      onEnd(app, record.id)
      const kept = message || null
      const keepUntil = now + (kept === null ? TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS)
      buryStatement.run(app, credential.hash, record.id, reason, now, successor ?? null, keepUntil, kept)
    },
    leaveMessage: (app: string, id: SessionId, message: string, now: number) =>
      void leaveMessageStatement.run(message, now + MESSAGE_MILLISECONDS, app, id),
    clearMessage: (app: string, hash: string) => void clearMessageStatement.run(app, hash),

    liveOfUser: (app: string, userId: string, now: number) => liveOfUserStatement.all(app, userId, now) as Keyed[],
    liveMatching(app: string, { userId, kind, exceptId }: EndFilter, now: number): Keyed[] {
      const where = [`s.app = ?`, IS_LIVE]
      const parameters: unknown[] = [app, now]
      const add = (condition: string, value: unknown) => {
        if (value === undefined) return
        where.push(condition)
        parameters.push(value)
      }
      add('s.user_id = ?', userId)
      add('s.kind = ?', kind)
      add('s.id <> ?', exceptId)
      return db
        .prepare(`SELECT s.key, ${RECORD} FROM session_records s WHERE ${where.join(' AND ')}`)
        .all(...parameters) as Keyed[]
    },
    countUpTo: (app: string, most: number) => (countUpToStatement.get(app, most) as { n: number }).n,
    countGuestsUpTo: (app: string, most: number) => (countGuestsUpToStatement.get(app, most) as { n: number }).n,

    endedBefore: (app: string, time: number, limit: number) => endedBeforeStatement.all(app, time, limit) as Keyed[],
    sweepRemains(app: string, now: number): void {
      sweepGravesStatement.run(app, now)
      sweepOTPsStatement.run(app, now - SWEEP_MARGIN_MILLISECONDS)
    },
  }
}
