import { type Credential, isGuestRecord, isLive, type SessionId } from '../../record.ts'
import type { FoundOTP } from '../../store.ts'
import type { EmbeddedRows, Tombstone } from './embedded-rows.ts'
import { endSession, liveRow, originOf } from './embedded-rules.ts'
import { isSelected, listedCount, listPage } from './memory-lists.ts'
import type { MemoryRow } from './memory-row.ts'

/** Rows in memory, with the maps that contain them. */
export interface MemoryRows extends EmbeddedRows<MemoryRow> {
  readonly sessions: Map<SessionId, MemoryRow>
  readonly otps: Map<string, MemoryRow>
  readonly tombstones: Map<string, Tombstone>
  /** Sets the row of a session, or removes the session if `row` is undefined. Does not call the listener. */
  load(id: SessionId, row: MemoryRow | undefined): void
}

/** Is notified when a session or tombstone is added, changed or deleted. A store can then write the change to disk. */
export interface RowListener {
  session(id: SessionId): void
  tombstone(hash: string): void
}

const NO_LISTENER: RowListener = { session() {}, tombstone() {} }

/** Creates the rows of one application. `listener` is called within the write that changes a row. */
export function memoryRows(listener: RowListener = NO_LISTENER): MemoryRows {
  const sessions = new Map<SessionId, MemoryRow>()
  const otps = new Map<string, MemoryRow>()
  const tombstones = new Map<string, Tombstone>()

  const select = (matches: (row: MemoryRow) => boolean) => [...sessions.values()].filter(matches)

  function found(row: MemoryRow | undefined, hash: string): FoundOTP | undefined {
    const credential = row?.credentials.get(hash)
    return row && credential && { session: row.record, credential }
  }

  function change(row: MemoryRow, hash: string, changes: Partial<Credential>): void {
    const credential = row.credentials.get(hash)
    if (credential) row.credentials.set(hash, { ...credential, ...changes })
    listener.session(row.record.id)
  }

  function storeTombstone(hash: string, tombstone: Tombstone | undefined): void {
    if (tombstone) tombstones.set(hash, tombstone)
    else tombstones.delete(hash)
    listener.tombstone(hash)
  }

  const byStart = (a: MemoryRow, b: MemoryRow) => (a.record.startTime ?? 0) - (b.record.startTime ?? 0)

  const rows: MemoryRows = {
    sessions,
    otps,
    tombstones,
    load(id, row) {
      const present = sessions.get(id)
      for (const hash of present?.credentials.keys() ?? []) otps.delete(hash)
      sessions.delete(id)
      if (!row) return
      sessions.set(id, row)
      for (const { hash, kind } of row.credentials.values()) if (kind === 'otp') otps.set(hash, row)
    },

    session: (id) => sessions.get(id),
    find: (id, hash) => found(sessions.get(id), hash),
    findOTP: (hash) => found(otps.get(hash), hash),
    tombstone: (_, hash) => tombstones.get(hash),
    credential: (row, hash) => row.credentials.get(hash),
    credentials: (row) => [...row.credentials.values()].sort((a, b) => a.createdAt - b.createdAt),
    writeIdOf: (id) => sessions.get(id)?.writeId,

    insert(record, credential) {
      if (sessions.has(record.id)) throw new Error(`A session ${record.id} already exists.`)
      const row = { record, writeId: null, credentials: new Map() }
      sessions.set(record.id, row)
      rows.addCredential(row, credential)
    },
    update(id, expected, writeId, { authenticatedAt, ...fields }, now) {
      const row = liveRow(rows, id, expected, now)
      if (!row || row.writeId === writeId) return false
      const lastAccessTime = Math.max(row.record.lastAccessTime ?? 0, fields.lastAccessTime ?? 0)
      row.record = { ...row.record, ...fields, lastAccessTime, version: row.record.version + 1 }
      row.writeId = writeId
      listener.session(id)
      if (authenticatedAt !== undefined && expected.by !== undefined)
        change(row, expected.by, { authenticatedAt, via: 'login' })
      return true
    },
    access(row, lastAccessTime, end) {
      row.record = { ...row.record, lastAccessTime, end }
      listener.session(row.record.id)
    },
    invalidate(row) {
      const { record } = row
      row.record = { ...record, startTime: null, lastAccessTime: null, storage: '{}', version: record.version + 1 }
      listener.session(record.id)
    },
    delete(row) {
      for (const hash of row.credentials.keys()) otps.delete(hash)
      sessions.delete(row.record.id)
      listener.session(row.record.id)
    },

    endMatching: (filter, ending) =>
      select((row) => isSelected(row, filter, ending.now)).map((row) => endSession(rows, row, ending)),

    addCredential(row, credential) {
      row.credentials.set(credential.hash, credential)
      if (credential.kind === 'otp') otps.set(credential.hash, row)
      listener.session(row.record.id)
    },
    seeCredential: (row, hash, lastSeenAt, { device, address }) =>
      change(row, hash, { lastSeenAt, ...(device !== null && { device }), ...(address !== null && { address }) }),
    setDetails: (row, hash, details) => change(row, hash, { details }),
    deleteCredential(row, hash) {
      row.credentials.delete(hash)
      otps.delete(hash)
      listener.session(row.record.id)
    },

    addTombstone: storeTombstone,
    leaveMessage(id, message, keepUntil) {
      for (const [hash, tombstone] of tombstones)
        if (tombstone.id === id) storeTombstone(hash, { ...tombstone, message, keepUntil })
    },
    deleteTombstones(until) {
      for (const [hash, { keepUntil }] of tombstones) if (keepUntil <= until) storeTombstone(hash, undefined)
    },
    deleteExpired(until) {
      for (const row of sessions.values())
        for (const { hash, expiresAt } of row.credentials.values())
          if (expiresAt <= until) rows.deleteCredential(row, hash)
    },

    countUpTo: () => sessions.size,
    countGuestsUpTo: () => select(({ record }) => record.startTime !== null && isGuestRecord(record)).length,
    liveOfUser: (userId, now) =>
      select(({ record, credentials }) => {
        const isToken = [...credentials.values()].some(({ via }) => via === 'token')
        return record.userId === userId && isLive(record, now) && !isToken
      }).sort(byStart),
    withUnusedLogin: (origin) => select((row) => originOf(rows, row) === origin).sort(byStart),
    countRepeatedLogins() {
      const origins = [...sessions.values()].flatMap((row) => originOf(rows, row) ?? [])
      return origins.length - new Set(origins).size
    },
    endedUntil: (time, most) => select(({ record }) => record.end <= time).slice(0, most),
    list: (call) => listPage([...sessions.values()], call),
    count: (call) => listedCount([...sessions.values()], call),
  }
  return rows
}
