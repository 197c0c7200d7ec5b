import {
  type Credential,
  type EndedSession,
  type EndReason,
  endAfter,
  endedSession,
  expiryReason,
  isGuestRecord,
  isLive,
  removedSession,
  type SessionId,
  type SessionRecord,
  SWEEP_MARGIN_MILLISECONDS,
  sweptSession,
  wasUsed,
} from '../../record.ts'
import type {
  Admission,
  Expected,
  Found,
  Limits,
  Replaced,
  SessionChanges,
  SessionStore,
  Updated,
} from '../../store.ts'
import { evictedBy } from '../shared/eviction.ts'
import { sqliteAnnouncements } from './announcements.ts'
import type { SqliteDatabase } from './batch.ts'
import { endPatience, openForSharing, writeBatch } from './batch.ts'
import { countListed, listPage } from './lists.ts'
import { sqlitePresence } from './presence.ts'
import { type GraveRow, type Keyed, sqliteRows } from './rows.ts'
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
  const rows = sqliteRows(db, announcements.tell)
  const batch = writeBatch(db)

  /** The record, if it is live and all that is expected of it holds. */
  function holding(app: string, id: SessionId, { version, by }: Expected, now: number): Keyed | undefined {
    const record = rows.record(app, id)
    if (!record || !isLive(record, now)) return undefined
    if (version !== undefined && version !== record.version) return undefined
    return by === undefined || rows.hasCredential(record.key, by) ? record : undefined
  }

  function isFull(app: string, session: SessionRecord, limits: Limits): boolean {
    if (limits.sessions !== undefined && rows.countUpTo(app, limits.sessions) >= limits.sessions) return true
    return (
      limits.guests !== undefined && isGuestRecord(session) && rows.countGuestsUpTo(app, limits.guests) >= limits.guests
    )
  }

  function insert(app: string, session: SessionRecord, credential: Credential): void {
    rows.addCredential(rows.addRecord(app, session), app, credential)
  }

  /** The user's sessions beyond the limit, oldest first; never the one that just came. */
  function endOldest(
    app: string,
    id: SessionId,
    userId: string | null,
    { sessionsPerUser }: Limits,
    now: number,
  ): EndedSession[] {
    if (sessionsPerUser === undefined || userId === null) return []
    const others = rows.liveOfUser(app, userId, now).filter((record) => record.id !== id)
    return others
      .slice(0, Math.max(0, others.length + 1 - sessionsPerUser))
      .map((record) => end(app, record, 'limit', now))
  }

  function end(app: string, record: Keyed, reason: EndReason, now: number, message?: string): EndedSession {
    for (const credential of rows.credentialsOf(record.key))
      rows.bury(app, record, credential, { reason, now, message })
    rows.removeRecord(record.key)
    return endedSession(record, reason)
  }

  function addCredential(
    app: string,
    record: Keyed,
    credential: Credential,
    by: string | undefined,
    limits: Limits,
    now: number,
  ): void {
    if (credential.purpose !== null || limits.credentials !== undefined || limits.otps !== undefined) {
      for (const rival of evictedBy(credential, rows.credentialsOf(record.key), by, limits))
        rows.bury(app, record, rival, { reason: 'limit', now })
    }
    rows.addCredential(record.key, app, credential)
  }

  function update(
    app: string,
    id: SessionId,
    expected: Expected,
    writeId: string,
    changes: SessionChanges,
    limits: Limits,
    now: number,
  ): Updated {
    const key = rows.update(app, id, expected, writeId, changes, now)
    if (key === undefined) return { updated: rows.writeId(app, id) === writeId, ended: [] }
    if (changes.authenticatedAt !== undefined && expected.by !== undefined)
      rows.markAuthenticated(key, expected.by, changes.authenticatedAt)
    return { updated: true, ended: endOldest(app, id, changes.userId ?? null, limits, now) }
  }

  function replace(
    app: string,
    id: SessionId,
    expected: Expected,
    session: SessionRecord,
    credential: Credential,
    limits: Limits,
    now: number,
  ): Replaced {
    const record = holding(app, id, expected.by === undefined ? {} : { by: expected.by }, now)
    if (!record) return { state: 'gone' }
    if (expected.version !== undefined && expected.version !== record.version) return { state: 'moved' }
    const short = isFull(app, session, limits)
    for (const other of rows.credentialsOf(record.key))
      rows.bury(app, record, other, { reason: 'secured', now, successor: session.id })
    if (short) rows.removeRecord(record.key)
    else rows.invalidate(record.key)
    insert(app, session, credential)
    return { state: 'replaced', ended: endOldest(app, session.id, session.userId, limits, now) }
  }

  return {
    create: ({ app, session, credential, limits, now }) =>
      batch.add((): Admission => {
        if (isFull(app, session, limits)) return { admitted: false }
        insert(app, session, credential)
        return { admitted: true, ended: endOldest(app, session.id, session.userId, limits, now) }
      }),

    async find({ app, id, hash, now }): Promise<Found | undefined> {
      const found = rows.find(app, id, hash)
      if (found) {
        const { session, credential } = found
        if (isLive(session, now)) return { state: 'live', session, credential }
        return { state: 'ended', reason: expiryReason(session), endedAt: session.end, message: false, successor: null }
      }
      const grave = rows.grave(app, hash) as GraveRow | undefined
      if (!grave || grave.id !== id || now >= grave.keepUntil) return undefined
      return {
        state: 'ended',
        reason: grave.reason,
        endedAt: grave.endedAt,
        message: grave.message !== null,
        successor: grave.successor,
      }
    },

    async get({ app, id }) {
      const record = rows.record(app, id)
      return record && withoutKey(record)
    },

    async credentials({ app, ids }) {
      return new Map(ids.map((id) => [id, rows.credentialsById(app, id)]))
    },

    update: ({ app, id, expected, writeId, changes, limits, now }) =>
      batch.add(() => update(app, id, expected, writeId, changes, limits, now)),

    touch: ({ app, id, hash, from, now }) =>
      batch.add(() => {
        const record = holding(app, id, { by: hash }, now)
        if (!record) return
        const end = Math.max(record.end, endAfter(now, record.idleMilliseconds, record.absoluteEnd))
        rows.touch(record.key, hash, Math.max(record.lastAccessTime ?? 0, now), end, from, now)
      }),

    attach: ({ app, id, credential, by, limits, now }) =>
      batch.add(() => {
        const record = holding(app, id, by === undefined ? {} : { by }, now)
        if (record) addCredential(app, record, credential, by, limits, now)
        return record !== undefined
      }),

    detach: ({ app, id, handle, reason, now }) =>
      batch.add(() => {
        const record = holding(app, id, {}, now)
        const credential = record && rows.credentialsOf(record.key).find((candidate) => candidate.handle === handle)
        if (record && credential) rows.bury(app, record, credential, { reason, now })
        return credential !== undefined
      }),

    rotate: ({ app, id, by, credential, others, now }) =>
      batch.add(() => {
        const record = holding(app, id, { by }, now)
        if (!record) return false
        for (const other of rows.credentialsOf(record.key)) {
          if (other.hash === by) rows.bury(app, record, other, { reason: 'secured', now })
          else if (others === 'end') rows.bury(app, record, other, { reason: 'revoked', now })
        }
        rows.addCredential(record.key, app, credential)
        return true
      }),

    async findOTP({ app, hash, now }) {
      const found = rows.findOTP(app, hash)
      return found && now < found.credential.expiresAt && isLive(found.session, now) ? found : undefined
    },

    redeem: ({ app, hash, credential, limits, now }) =>
      batch.add(() => {
        const found = rows.findOTP(app, hash)
        const record = found && rows.record(app, found.session.id)
        if (!record || now >= found.credential.expiresAt || !isLive(record, now)) return undefined
        rows.removeCredential(record.key, hash)
        if (credential) addCredential(app, record, credential, undefined, limits, now)
        return withoutKey(record)
      }),

    replace: ({ app, id, expected, session, credential, limits, now }) =>
      batch.add(() => replace(app, id, expected, session, credential, limits, now)),

    end: ({ app, id, reason, by, unseen, message, now }) =>
      batch.add(() => {
        const record = holding(app, id, by === undefined ? {} : { by }, now)
        if (!record || (unseen && (wasUsed(record) || rows.wasSeen(record.key)))) return undefined
        return end(app, record, reason, now, message)
      }),

    endMany: ({ app, filter, reason, message, now }) =>
      batch.add(() => rows.liveMatching(app, filter, now).map((record) => end(app, record, reason, now, message))),

    remove: ({ app, id, now, message }) =>
      batch.add(() => {
        const record = rows.record(app, id)
        if (!record) return undefined
        end(app, record, 'revoked', now, message)
        if (message) rows.leaveMessage(app, id, message, now)
        return removedSession(record, now)
      }),

    takeMessage: ({ app, hash, now }) =>
      batch.add(() => {
        const grave = rows.grave(app, hash) as GraveRow | undefined
        if (!grave || grave.message === null || now >= grave.keepUntil) return undefined
        rows.clearMessage(app, hash)
        return grave.message
      }),

    list: async ({ app, filter, page, now }) => listPage(db, app, filter, page, now),
    count: async ({ app, filter, now }) => countListed(db, app, filter, now),

    sweep: ({ app, now, limit }) =>
      batch.add(() => {
        rows.sweepRemains(app, now)
        return rows.endedBefore(app, now - SWEEP_MARGIN_MILLISECONDS, limit).map((record) => {
          rows.removeCredentials(record.key)
          rows.removeRecord(record.key)
          return sweptSession(record)
        })
      }),

    presence: sqlitePresence(db, batch),
    announcements,
  }
}

function withoutKey({ key: _, ...record }: Keyed): SessionRecord {
  return record
}
