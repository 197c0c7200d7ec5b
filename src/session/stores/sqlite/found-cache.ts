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

/**
 * A cache of the results of `find`. Each `get` reads `data_version`, which changes when another connection commits. The
 * cache is then emptied, so `get` never returns an outdated result.
 */
interface FoundCache {
  get(app: string, id: SessionId, hash: string): FoundOTP | undefined
  put(key: number, app: string, hash: string, found: FoundOTP): void
  /** Must be called when this connection writes the session, in the same event loop turn as the commit. */
  forget(key: number): void
  forgetAll(): void
}

export function foundCache(db: SqliteDatabase): FoundCache {
  const dataVersion = db.prepare('PRAGMA data_version')
  const sessions = new Map<string, Map<string, FoundOTP>>()
  const names = new Map<number, string>()
  let version: number | undefined

  function forgetAll(): void {
    sessions.clear()
    names.clear()
  }

  return {
    get(app, id, hash) {
      const current = (dataVersion.get() as { data_version: number }).data_version
      if (current !== version) forgetAll()
      version = current
      return sessions.get(`${app} ${id}`)?.get(hash)
    },
    put(key, app, hash, found) {
      const name = `${app} ${found.session.id}`
      const known = sessions.get(name)
      if (known) {
        known.set(hash, found)
        return
      }
      if (sessions.size >= MOST_SESSIONS) forgetAll()
      sessions.set(name, new Map([[hash, found]]))
      names.set(key, name)
    },
    forget(key) {
      const name = names.get(key)
      if (name === undefined) return
      names.delete(key)
      sessions.delete(name)
    },
    forgetAll,
  }
}
