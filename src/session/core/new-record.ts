import {
  type Credential,
  type CredentialKind,
  endAfter,
  NEVER,
  type SessionKind,
  type SessionRecord,
} from '../record.ts'
import type { Context } from './context.ts'
import { formatToken, hashSecret, newHandle, newSecret, newSessionId } from './credentials/token.ts'
import { absoluteEndOf } from './options.ts'
import { EMPTY_STORAGE } from './storage.ts'

// A browser describes itself in 100 to 200 characters; what is longer is not a browser's.
const LONGEST_DEVICE = 300

/** As much of a browser's description of itself as is kept. */
export function cutDevice(device: string | null): string | null {
  return device?.slice(0, LONGEST_DEVICE) ?? null
}

/** A guest's record that begins now. Nothing is stored yet. */
export function newRecord({ policy }: Context, kind: SessionKind, now: number): SessionRecord {
  const idleMilliseconds = policy.idleMilliseconds[kind]
  const absoluteEnd = absoluteEndOf(policy, kind, now)
  return {
    id: newSessionId(),
    kind,
    userName: '',
    userId: null,
    grants: '',
    storage: EMPTY_STORAGE,
    startTime: now,
    lastAccessTime: now,
    idleMilliseconds,
    absoluteEnd,
    end: endAfter(now, idleMilliseconds, absoluteEnd),
    version: 1,
  }
}

/** Where a new credential comes from. */
export interface CredentialSeed extends Pick<Credential, 'via' | 'authenticatedAt'> {
  from: Pick<Credential, 'device' | 'address'>
  details?: string
}

/** A session with a credential that was just made, and the token that its browser or client gets. */
export interface NewSession {
  record: SessionRecord
  credential: Credential
  token: string
}

/** A new cookie or bearer credential of a session, and its token. The secret is nowhere else. */
export function newCredential(
  kind: Exclude<CredentialKind, 'otp'>,
  record: SessionRecord,
  seed: CredentialSeed,
  now: number,
): NewSession {
  const secret = newSecret()
  const credential: Credential = {
    handle: newHandle(),
    hash: hashSecret(secret),
    kind,
    via: seed.via,
    createdAt: now,
    lastSeenAt: null,
    authenticatedAt: seed.authenticatedAt,
    device: cutDevice(seed.from.device),
    address: seed.from.address,
    expiresAt: NEVER,
    purpose: null,
    details: seed.details ?? null,
  }
  return { record, credential, token: formatToken({ id: record.id, secret }) }
}
