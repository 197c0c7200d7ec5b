import { randomBytes } from 'node:crypto'
import { checkFlags, refuseUnknown } from '../../known-options.ts'
import { type Credential, isTime, NEVER } from '../../record.ts'
import type { SeenFrom } from '../../store.ts'
import { lifetimeMilliseconds } from '../lifetime.ts'
import { cutDevice } from '../new-record.ts'
import type { StorageFormat } from '../storage.ts'
import { hashSecret, newHandle } from './token.ts'

export interface OTPOptions {
  /**
   * In seconds, at least 10. A link also ends with its session (4D). Default: the idle timeout of the session, or the
   * ordinary idle timeout if that of the session is a day or longer, as with `remember`; an hour if there is none.
   */
  lifespan?: number
  /** Only a request for this path or a path below it can redeem the link. */
  path?: string
  /** Any value that the storage can hold. The request that opens the link reads it in `session.restored.data`. */
  data?: unknown
  /** If true, a GET only sets `session.offer`, and a POST redeems the link. Mail scanners send a GET to each link. */
  confirm?: boolean
  /** If true, the link opens the session for one request and sets no cookie. Use it for callbacks of other servers. */
  requestOnly?: boolean
  /** A new link revokes the session's previous link with the same purpose. */
  purpose?: string
}

export type OTPTerms = Pick<OTPOptions, 'path' | 'data' | 'confirm' | 'requestOnly'> & {
  /** The time at which the device that made the link is signed out. A device that opens the link stays no longer. */
  until?: number | undefined
}

export const OTP_OPTIONS = {
  lifespan: true,
  path: true,
  data: true,
  confirm: true,
  requestOnly: true,
  purpose: true,
} as const

// The minimum in 4D.
const SHORTEST_LIFESPAN_SECONDS = 10
const TERMS = ['path', 'data', 'confirm', 'requestOnly'] as const
const OTP = /^[0-9A-F]{32}$/

export function isOTP(text: unknown): text is string {
  return typeof text === 'string' && OTP.test(text)
}

/** @throws TypeError for an invalid option. */
export function checkOTPOptions<O extends OTPOptions>(options: O, known: { readonly [K in keyof O]-?: true }): void {
  refuseUnknown('createOTP()', options, known)
  const { lifespan, path, confirm, requestOnly, purpose } = options
  checkFlags('createOTP(): ', { confirm, requestOnly })
  if (purpose !== undefined && (typeof purpose !== 'string' || purpose === ''))
    throw new TypeError('createOTP(): purpose is a non-empty text.')
  if (lifespan !== undefined) lifetimeMilliseconds('createOTP(): lifespan', lifespan, 'seconds', 0)
  if (path !== undefined && !isPath(path))
    throw new TypeError('createOTP(): path is a text that begins with "/", without a query.')
}

/** @throws SessionError VALUE_NOT_SHAREABLE for data that cannot be stored. */
export function newOTP(
  format: StorageFormat,
  {
    lifespan,
    path,
    data,
    confirm,
    requestOnly,
    purpose,
    device,
    address,
    until,
  }: OTPOptions & Pick<OTPTerms, 'until'> & { lifespan: number } & Partial<SeenFrom>,
  now: number,
): { credential: Credential; token: string } {
  const token = randomBytes(16).toString('hex').toUpperCase()
  const credential: Credential = {
    handle: newHandle(),
    hash: hashSecret(token),
    kind: 'otp',
    via: 'link',
    createdAt: now,
    lastSeenAt: null,
    authenticatedAt: null,
    device: cutDevice(device ?? null),
    address: address ?? null,
    expiresAt: Math.min(now + Math.ceil(Math.max(lifespan, SHORTEST_LIFESPAN_SECONDS) * 1000), until ?? NEVER),
    purpose: purpose ?? null,
    details: format.encode(
      { path, data, confirm: confirm === true, requestOnly: requestOnly === true, until },
      'createOTP',
    ),
  }
  return { credential, token }
}

/** Returns the options of a link. Returns undefined if an option cannot be read. The link then opens no session. */
export function termsOf(format: StorageFormat, { details }: Pick<Credential, 'details'>): OTPTerms | undefined {
  const terms: OTPTerms = format.tryDecode(details ?? '') ?? {}
  const { path, confirm, requestOnly, until } = terms
  // Version 0.5.0 of the layer stored only the options that were given, so `details` may be '{}'.
  const isReadable =
    (details === '{}' || TERMS.some((name) => name in terms)) &&
    (path === undefined || isPath(path)) &&
    isChoice(confirm) &&
    isChoice(requestOnly) &&
    (until === undefined || isTime(until))
  return isReadable ? terms : undefined
}

function isPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/[^?#]*$/.test(path)
}

function isChoice(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean'
}

/** Returns whether `path` allows the link at `requestPath`. `/orders` allows `/orders/7`, but not `/orders-old`. */
export function worksAt(path: string | undefined, requestPath: string): boolean {
  if (path === undefined) return true
  const folder = path.endsWith('/') ? path : `${path}/`
  return requestPath === path || requestPath.startsWith(folder)
}
