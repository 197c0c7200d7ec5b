import { randomBytes } from 'node:crypto'
import { type Credential, NEVER, type SessionRecord } from '../../record.ts'
import type { StorageFormat } from '../storage.ts'
import { hashSecret, newHandle } from './token.ts'

export interface OTPOptions {
  /** Seconds for which the link is valid, at least 10. Default: the session's idle timeout. It also ends with the session (4D). */
  lifespan?: number
  /** Restricts the link to this path and all below it. Elsewhere it does nothing and stays valid. */
  path?: string
  /** Returned as `session.restored.data`. Any value that storage can hold. */
  data?: unknown
  /** A GET only sets `session.offer`; a POST to the same URL spends the link. For links in mails, because scanners follow them. */
  confirm?: boolean
  /** Gives the session to the one request that carries the link, without a cookie. For callbacks of other servers. */
  requestOnly?: boolean
  /** A new link with the same purpose ends the previous one. */
  purpose?: string
}

/** The options of a link that are stored with it. */
export type OTPTerms = Pick<OTPOptions, 'path' | 'data' | 'confirm' | 'requestOnly'>

// The documented minimum (4D).
const SHORTEST_LIFESPAN_SECONDS = 10
// For a session without an idle timeout, when no `lifespan` is given.
const DEFAULT_LIFESPAN_SECONDS = 3600
const OTP = /^[0-9A-F]{32}$/

/** Whether a text has the form of an OTP: 32 upper-case hex digits. The store is never asked about any other text. */
export function isOTP(text: unknown): text is string {
  return typeof text === 'string' && OTP.test(text)
}

/**
 * Creates an OTP for a session. The token goes into the link; only its hash is stored.
 * @throws TypeError for an invalid option; SessionError VALUE_NOT_SHAREABLE for data that cannot be stored.
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

/** Whether a link for `path` is valid at `requestPath`: the path itself or below it, by whole segments. */
export function worksAt(path: string | undefined, requestPath: string): boolean {
  if (path === undefined) return true
  const folder = path.endsWith('/') ? path : `${path}/`
  return requestPath === path || requestPath.startsWith(folder)
}
