import type { Credential, SessionRecord } from '../../record.ts'
import type { FoundOTP } from '../../store.ts'

export const RECORD = `s.id, s.kind, s.user_name AS userName, s.user_id AS userId, s.grants, s.storage, s.start_time AS startTime,
  s.last_access_time AS lastAccessTime, s.idle_milliseconds AS idleMilliseconds, s.absolute_end AS absoluteEnd,
  s.end_at AS "end", s.version`
export const FOUND = `${RECORD}, c.handle AS credentialHandle, c.hash AS credentialHash, c.kind AS credentialKind, c.via AS credentialVia,
  c.created_at AS credentialCreatedAt, c.last_seen_at AS credentialLastSeenAt, c.authenticated_at AS credentialAuthenticatedAt,
  c.device AS credentialDevice, c.address AS credentialAddress, c.expires_at AS credentialExpiresAt, c.purpose AS credentialPurpose, c.details AS credentialDetails`

/** A record with one credential of it, in one row. */
export interface FoundRow extends SessionRecord {
  readonly credentialHandle: string
  readonly credentialHash: string
  readonly credentialKind: Credential['kind']
  readonly credentialVia: Credential['via']
  readonly credentialCreatedAt: number
  readonly credentialLastSeenAt: number | null
  readonly credentialAuthenticatedAt: number | null
  readonly credentialDevice: string | null
  readonly credentialAddress: string | null
  readonly credentialExpiresAt: number
  readonly credentialPurpose: string | null
  readonly credentialDetails: string | null
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
