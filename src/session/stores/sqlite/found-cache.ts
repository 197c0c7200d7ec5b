import type { Credential, SessionId, SessionRecord } from '../../record.ts'
import type { FoundOTP } from '../../store.ts'
import type { SqliteDatabase } from './batch.ts'

export const RECORD = `s.id, s.kind, s.user_name AS userName, s.user_id AS userId, s.grants, s.storage, s.start_time AS startTime,
  s.last_access_time AS lastAccessTime, s.idle_milliseconds AS idleMilliseconds, s.absolute_end AS absoluteEnd,
  s.end_at AS "end", s.version`
export const FOUND = `${RECORD}, c.handle AS credentialHandle, c.hash AS credentialHash, c.kind AS credentialKind, c.via AS credentialVia,
  c.created_at AS credentialCreatedAt, c.last_seen_at AS credentialLastSeenAt, c.authenticated_at AS credentialAuthenticatedAt,
  c.device AS credentialDevice, c.address AS credentialAddress, c.expires_at AS credentialExpiresAt, c.purpose AS credentialPurpose, c.details AS credentialDetails`

export type FoundRow = SessionRecord & {
  readonly [Field in keyof Credential as `credential${Capitalize<Field>}`]: Credential[Field]
}

export function toFound(row: FoundRow): FoundOTP {
  return {
    session: {
      id: row.id,
      kind: row.kind,
      userName: row.userName,
      userId: row.userId,
      grants: row.grants,
      storage: row.storage,
      startTime: row.startTime,
      lastAccessTime: row.lastAccessTime,
      idleMilliseconds: row.idleMilliseconds,
      absoluteEnd: row.absoluteEnd,
      end: row.end,
      version: row.version,
    },
    credential: {
      handle: row.credentialHandle,
      hash: row.credentialHash,
      kind: row.credentialKind,
      via: row.credentialVia,
      createdAt: row.credentialCreatedAt,
      lastSeenAt: row.credentialLastSeenAt,
      authenticatedAt: row.credentialAuthenticatedAt,
      device: row.credentialDevice,
      address: row.credentialAddress,
      expiresAt: row.credentialExpiresAt,
      purpose: row.credentialPurpose,
      details: row.credentialDetails,
    },
  }
}

// A session takes about 1 kB in the cache.
const MOST_SESSIONS = 10_000

// SQLite may return these characters (NUL and unpaired surrogates) as other characters than it was given.
const CHANGED_BY_SQLITE = /[\0\ud800-\udfff]/u

/**
 * A cache of the results of `find`. A write changes the cache when it changes the rows, inside its transaction. Nothing
 * reads the cache before the transaction ends, because a transaction is synchronous.
 */
export interface FoundCache {
  /**
   * Empties the cache if another connection has committed since the last call (`data_version`). Must be called before
   * `get`, in the same synchronous step. @throws Error if SQLite cannot be read.
   */
  refresh(): void
  get(app: string, id: SessionId, hash: string): FoundOTP | undefined
  put(key: number, app: string, hash: string, found: FoundOTP): void
  /** Must be called when this connection replaces the storage. `before` is the version of the session before. */
  replaceStorage(app: string, id: SessionId, before: number | undefined, storage: string): void
  /** Must be called when this connection changes the session or a credential in any other way. */
  forget(key: number): void
  /** Must be called after a rollback. */
  forgetAll(): void
}

interface CachedSession {
  readonly key: number
  /** The keys are the hashes of the credentials. */
  readonly found: Map<string, FoundOTP>
}

export function foundCache(db: SqliteDatabase): FoundCache {
  const dataVersion = db.prepare('PRAGMA data_version')
  const sessions = new Map<string, CachedSession>()
  const names = new Map<number, string>()
  let version: number | undefined

  function forgetAll(): void {
    sessions.clear()
    names.clear()
  }

  function forget(key: number): void {
    const name = names.get(key)
    if (name === undefined) return
    names.delete(key)
    sessions.delete(name)
  }

  return {
    refresh() {
      const current = (dataVersion.get() as { data_version: number }).data_version
      if (current !== version) forgetAll()
      version = current
    },
    get: (app, id, hash) => sessions.get(nameOf(app, id))?.found.get(hash),
    put(key, app, hash, found) {
      const name = nameOf(app, found.session.id)
      const known = sessions.get(name)
      if (known) {
        known.found.set(hash, found)
        return
      }
      if (sessions.size >= MOST_SESSIONS) forgetAll()
      sessions.set(name, { key, found: new Map([[hash, found]]) })
      names.set(key, name)
    },
    replaceStorage(app, id, before, storage) {
      const known = sessions.get(nameOf(app, id))
      if (!known) return
      if (CHANGED_BY_SQLITE.test(storage)) return forget(known.key)
      for (const [hash, { session, credential }] of known.found) {
        if (session.version !== before) return forget(known.key)
        known.found.set(hash, { session: { ...session, storage, version: before + 1 }, credential })
      }
    },
    forget,
    forgetAll,
  }
}

function nameOf(app: string, id: SessionId): string {
  return `${app} ${id}`
}
