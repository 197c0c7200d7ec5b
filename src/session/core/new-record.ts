import {
  type Credential,
  type CredentialKind,
  endAfter,
  NEVER,
  type SessionKind,
  type SessionRecord,
} from '../record.ts'
import type { SeenFrom } from '../store.ts'
import type { Context } from './context.ts'
import { formatToken, hashSecret, newHandle, newSecret, newSessionId } from './credentials/token.ts'
import { EMPTY_STORAGE } from './storage.ts'

// Real User-Agent headers have 100 to 200 characters.
const MAX_DEVICE_LENGTH = 300

export function cutDevice(device: string | null): string | null {
  return device?.slice(0, MAX_DEVICE_LENGTH) ?? null
}

/** Returns a new session of a guest. The session is not stored yet. */
export function newRecord({ policy }: Context, kind: SessionKind, now: number): SessionRecord {
  const idleMilliseconds = policy.idleMilliseconds[kind]
  const length = policy.absoluteMilliseconds[kind]
  const absoluteEnd = length === 0 ? NEVER : now + length
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

/** The fields of a new credential that depend on the request. */
export interface CredentialSeed extends Pick<Credential, 'via' | 'authenticatedAt'> {
  from: SeenFrom
  details?: string | undefined
  /** The proofs of a cookie's user, as text (see `proofs.ts`). Default: none. */
  proofs?: string | null
}

export interface NewSession {
  record: SessionRecord
  credential: Credential
  token: string
}

/** Returns a new credential and its token. The token contains the secret, and the credential contains only a hash. */
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
    purpose: seed.proofs ?? null,
    details: seed.details ?? null,
  }
  return { record, credential, token: formatToken({ id: record.id, secret }) }
}
