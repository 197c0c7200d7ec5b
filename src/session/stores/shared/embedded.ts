import { isExpired, MESSAGE_MILLISECONDS, removedSession, UNUSED_APP_MILLISECONDS } from '../../record.ts'
import type { Found, SessionStore } from '../../store.ts'
import type { EmbeddedRows, Lookups, SessionRow, Writes } from './embedded-rows.ts'
import {
  access,
  addCredential,
  damagedRow,
  endBeyond,
  endCredential,
  endOldest,
  endSession,
  endUnused,
  isFull,
  isRepeated,
  liveOTP,
  liveRow,
  replaceSession,
  rotateCredential,
  rowWasSeen,
  sweepApp,
} from './embedded-rules.ts'
import { foundState } from './found.ts'

const AT_ONCE: Lookups = { add: async (ask) => ask() }

/**
 * Creates a store that accesses its rows synchronously. `storedApps` returns the applications that have rows. `lookups`
 * runs the step of `find`; by default, it runs at once.
 */
export function embeddedStore<Row extends SessionRow>(
  rowsOf: (app: string) => EmbeddedRows<Row>,
  writes: Writes,
  storedApps: () => readonly string[],
  lookups: Lookups = AT_ONCE,
): SessionStore {
  const write = <T>(app: string, change: (rows: EmbeddedRows<Row>) => T) => writes.add(() => change(rowsOf(app)))

  return {
    create: ({ app, session, credential, limits, now }) =>
      write(app, (rows) => {
        if (!isRepeated(rows, credential) && isFull(rows, session, limits)) return { admitted: false }
        rows.insert(session, credential)
        return { admitted: true, ended: endBeyond(rows, session, credential, limits, now) }
      }),

    find: ({ app, id, hash, now }) =>
      lookups.add((): Found | undefined => {
        const rows = rowsOf(app)
        const found = rows.find(id, hash)
        const state = found && foundState(found, now)
        if (state) return state
        const tombstone = rows.tombstone(id, hash)
        if (!tombstone || tombstone.id !== id || now >= tombstone.keepUntil) return undefined
        const { reason, endedAt, message, origin } = tombstone
        return { state: 'ended', reason, endedAt, message: message !== null, origin }
      }),

    get: async ({ app, id }) => rowsOf(app).session(id)?.record,

    async credentials({ app, ids }) {
      const rows = rowsOf(app)
      return new Map(
        ids.map((id) => {
          const row = rows.session(id)
          return [id, row ? rows.credentials(row) : []]
        }),
      )
    },

    update: ({ app, id, expected, writeId, changes, limits, now }) =>
      write(app, (rows) => {
        const updated = rows.update(id, expected, writeId, changes, now)
        if (!updated) return { updated: rows.writeIdOf(id) === writeId, ended: [] }
        return { updated, ended: endOldest(rows, { id, userId: changes.userId ?? null }, limits, now) }
      }),

    touch: ({ app, id, hash, from, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, {}, now)
        const credential = row && rows.credential(row, hash)
        if (!credential || isExpired(credential, now)) return []
        access(rows, row, credential, from, now)
        return endUnused(rows, credential, now)
      }),

    attach: ({ app, id, credential, by, limits, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, { by }, now)
        if (row) addCredential(rows, row, credential, { by, limits, now })
        return row !== undefined
      }),

    detach: ({ app, id, handle, reason, message, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, {}, now)
        const credential = row && rows.credentials(row).find((candidate) => candidate.handle === handle)
        if (credential) endCredential(rows, row, credential, { reason, now, message })
        return credential !== undefined
      }),

    rotate: ({ app, id, by, credential, others, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, { by }, now)
        if (row) rotateCredential(rows, row, { by, credential, others, now })
        return row !== undefined
      }),

    setDetails: ({ app, id, hash, from, to, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, { by: hash }, now)
        const credential = row && rows.credential(row, hash)
        if (!credential || credential.lastSeenAt === null || credential.details !== from) return false
        rows.setDetails(row, hash, to)
        return true
      }),

    findOTP: async ({ app, hash, now }) => liveOTP(rowsOf(app), hash, now),

    redeem: ({ app, hash, credential, limits, now }) =>
      write(app, (rows) => {
        const found = liveOTP(rows, hash, now)
        const row = found && rows.session(found.session.id)
        if (!row) return undefined
        rows.deleteCredential(row, hash)
        if (credential) addCredential(rows, row, credential, { limits, now })
        return row.record
      }),

    replace: ({ app, id, expected, session, credential, limits, now }) =>
      write(app, (rows) => {
        const row = liveRow(rows, id, { by: expected.by }, now)
        if (!row) return { state: 'gone' }
        if (expected.version !== undefined && expected.version !== row.record.version) return { state: 'moved' }
        if (rows.session(session.id)) throw new Error(`A session ${session.id} already exists.`)
        replaceSession(rows, row, { keepRecord: !isFull(rows, session, limits), now })
        rows.insert(session, credential)
        return { state: 'replaced', ended: endBeyond(rows, session, credential, limits, now) }
      }),

    end: ({ app, id, reason, by, unseen = false, message, now }) =>
      write(app, (rows) => {
        const damaged = by === undefined && !unseen ? damagedRow(rows, id) : undefined
        if (damaged) return endSession(rows, damaged, { reason, now, message })
        const row = liveRow(rows, id, { by }, now)
        if (!row || (unseen && rowWasSeen(rows, row))) return undefined
        return endSession(rows, row, { reason, now, message })
      }),

    endMany: ({ app, filter, reason, message, now }) =>
      write(app, (rows) => rows.endMatching(filter, { reason, now, message })),

    remove: ({ app, id, message, now }) =>
      write(app, (rows) => {
        const row = rows.session(id)
        if (!row) return undefined
        endSession(rows, row, { reason: 'revoked', now, message })
        if (message) rows.leaveMessage(id, message, now + MESSAGE_MILLISECONDS)
        return removedSession(row.record, now)
      }),

    takeMessage: ({ app, id, hash, now }) =>
      write(app, (rows) => {
        const tombstone = rows.tombstone(id, hash)
        if (!tombstone || tombstone.message === null || now >= tombstone.keepUntil) return undefined
        rows.addTombstone(hash, { ...tombstone, message: null })
        return tombstone.message
      }),

    list: async (call) => rowsOf(call.app).list(call),
    count: async (call) => rowsOf(call.app).count(call),

    sweep: ({ app, limit, now }) =>
      write(app, (rows) => {
        let left = limit
        for (const other of storedApps()) {
          if (other !== app) left -= sweepApp(rowsOf(other), left, now - UNUSED_APP_MILLISECONDS).length
        }
        return sweepApp(rows, limit, now)
      }),
  }
}
