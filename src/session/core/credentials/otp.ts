import { randomBytes } from 'node:crypto'
import { type Credential, NEVER, type SessionRecord } from '../../record.ts'
import type { StorageFormat } from '../storage.ts'
import { hashSecret, newHandle } from './token.ts'

export interface OTPOptions {
  /** Seconds that the link works, 10 at least. Default: the session's idle timeout. The session must live as well (4D). */
  lifespan?: number
  /** The link works at this path and below it only; elsewhere it is not spent. */
  path?: string
  /** Comes back as `session.restored.data`. What storage can hold. */
  data?: unknown
  /** Opening the link only offers it; a POST of the same address spends it. Mail scanners follow links. */
  confirm?: boolean
  /** The session is there for the one request that brings the link; no credential and no cookie is handed out. */
  requestOnly?: boolean
  /** A new link of the same purpose ends the one before. */
  purpose?: string
}

/** What a link was made with. Never changes. */
export type OTPTerms = Pick<OTPOptions, 'path' | 'data' | 'confirm' | 'requestOnly'>

// Shorter ones could not be used before they are over (4D).
const SHORTEST_LIFESPAN_SECONDS = 10
// When neither the option nor the session says how long.
const DEFAULT_LIFESPAN_SECONDS = 3600
const OTP = /^[0-9A-F]{32}$/

/** Whether a text has the form of an OTP: 32 upper-case hex digits. Nothing else reaches a store. */
export function isOTP(text: unknown): text is string {
  return typeof text === 'string' && OTP.test(text)
}

/**
 * A new OTP for a session, and the token that goes into the link; the token is nowhere else.
 * @throws TypeError for options that cannot work; SessionError VALUE_NOT_SHAREABLE for data that cannot be stored.
 */
export function newOTP(
  format: StorageFormat,
  session: SessionRecord,
  { lifespan, path, data, confirm, requestOnly, purpose }: OTPOptions,
  now: number,
): { credential: Credential; token: string } {
  const seconds = lifespan ?? (session.idleMilliseconds / 1000 || DEFAULT_LIFESPAN_SECONDS)
  if (typeof seconds !== 'number' || Number.isNaN(seconds))
    throw new TypeError('createOTP(): lifespan is a number of seconds.')
  if (path !== undefined && (typeof path !== 'string' || !/^\/[^?#]*$/.test(path))) {
    throw new TypeError('createOTP(): path is a text that begins with "/", without a query.')
  }
  const token = randomBytes(16).toString('hex').toUpperCase()
  const credential: Credential = {
    handle: newHandle(),
    hash: hashSecret(token),
    kind: 'otp',
    via: 'link',
    createdAt: now,
    lastSeenAt: null,
    authenticatedAt: null,
    device: null,
    address: null,
    expiresAt: Math.min(now + Math.max(seconds, SHORTEST_LIFESPAN_SECONDS) * 1000, NEVER),
    purpose: purpose ?? null,
    details: format.encode({ path, data, confirm, requestOnly }, 'createOTP'),
  }
  return { credential, token }
}

export function termsOf(format: StorageFormat, credential: Credential): OTPTerms {
  return format.decode(credential.details ?? '{}') as OTPTerms
}

/** Whether a link for `path` works at `requestPath`: there and below, by whole segments. */
export function worksAt(path: string | undefined, requestPath: string): boolean {
  if (path === undefined) return true
  const folder = path.endsWith('/') ? path : `${path}/`
  return requestPath === path || requestPath.startsWith(folder)
}
