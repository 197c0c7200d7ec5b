import {
  type Credential,
  type CredentialKind,
  endAfter,
  isGuestRecord,
  NEVER,
  type SessionKind,
  type SessionRecord,
} from '../record.ts'
import type { SeenFrom } from '../store.ts'
import type { Context } from './context.ts'
import { purposeOf } from './credentials/cookie-purpose.ts'
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

/** The lifetime of a session that a login with `remember` begins. */
export function rememberedFor(
  milliseconds: number,
  now: number,
): Pick<SessionRecord, 'idleMilliseconds' | 'absoluteEnd' | 'end'> {
  const absoluteEnd = now + milliseconds
  return { idleMilliseconds: milliseconds, absoluteEnd, end: absoluteEnd }
}

/**
 * Whether the browser keeps this cookie after it closes. Only the cookie of a login with `remember` expires exactly at
 * the absolute end of its session.
 */
export function isRemembered({ absoluteEnd }: SessionRecord, { expiresAt }: Credential): boolean {
  return expiresAt !== NEVER && expiresAt === absoluteEnd
}

/** The expiry of a device that joins a session by a link. The device stays at most as long as in an ordinary session. */
export function joinedUntil({ policy }: Context, { absoluteEnd }: SessionRecord, now: number): number {
  const length = policy.absoluteMilliseconds.web
  return length === 0 || now + length >= absoluteEnd ? NEVER : now + length
}

/** The fields of a new credential that depend on the request. */
export interface CredentialSeed extends Pick<Credential, 'via' | 'authenticatedAt'> {
  from: SeenFrom
  details?: string | undefined
  /** The proofs of a cookie's user, as text (see `proofs.ts`). Default: none. */
  proofs?: string | null
  /** Default: `NEVER`. */
  expiresAt?: number | undefined
}

export interface NewSession {
  record: SessionRecord
  credential: Credential
  token: string
}

/**
 * Returns a new credential and its token. The token contains the secret, and the credential contains only a hash. With
 * the option `deviceBinding`, the cookie of a user gets the secret key of its binding.
 */
export function newCredential(
  { policy }: Pick<Context, 'policy'>,
  kind: Exclude<CredentialKind, 'otp'>,
  record: SessionRecord,
  seed: CredentialSeed,
  now: number,
): NewSession {
  const secret = newSecret()
  const canBeBound = policy.deviceBinding && kind === 'cookie' && !isGuestRecord(record)
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
    expiresAt: seed.expiresAt ?? NEVER,
    purpose: purposeOf(canBeBound ? newSecret() : undefined, seed.proofs ?? null),
    details: seed.details ?? null,
  }
  return { record, credential, token: formatToken({ id: record.id, secret }) }
}
