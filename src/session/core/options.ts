import { checkFlags, refuseUnknown } from '../known-options.ts'
import type { SessionKind } from '../record.ts'
import type { Limits, SessionStore } from '../store.ts'
import type { Clock } from './clock.ts'
import { type CookieOptions, readCookieOptions } from './credentials/cookie-options.ts'
import { type DeviceBindingOptions, readBindingOptions } from './device-binding/binding-options.ts'
import { lifetimeMilliseconds } from './lifetime.ts'
import { declareRoles, type RoleDeclaration } from './roles.ts'
import { checkedSeal, type Seal } from './sealed-store.ts'
import { checkedCodecs, type StorageCodec } from './storage.ts'
import { checkedVersions, type StorageType } from './storage-versions.ts'

export interface SessionOptions<
  S extends object = Record<string, unknown>,
  P extends string = string,
  R extends string = string,
  K extends string = P,
> extends RoleDeclaration<P, R, K>,
    Partial<Seal>,
    CookieOptions {
  /** Part of the cookie's name: 1 to 40 letters, digits, `-` and `_`. Applications on one store need distinct names. */
  appName: string
  store: SessionStore
  /** The type of the storage, and its version (see `docs/storage-versions.md`). Default: any JSON object. */
  storage?: StorageType<S>
  /** Default: `systemClock`. */
  clock?: Clock
  /** When a guest gets a session: at the first page (4D) or at the first write. Default 'first-write'. */
  guests?: 'first-request' | 'first-write'
  /** The prefix of bearer tokens, for secret scanners: 1 to 41 of `a-z0-9_-`. Default: lower-case `appName` and `_`. */
  tokenPrefix?: string
  /** Idle timeout of web sessions, in minutes. Default 60 (4D). */
  idleTimeoutMinutes?: number
  /** The minimum for `idleTimeoutMinutes` and `setIdleTimeout`. The minimum replaces lower values. Default 60 (4D). */
  minIdleTimeoutMinutes?: number
  /** Absolute timeout in hours; 0 for none. Default 12 for web sessions, 720 for rest sessions. */
  absoluteHours?: { web?: number; rest?: number }
  /** Replaces `idleTimeoutMinutes` and has no minimum (JADE). 0 disables the idle timeout and the absolute timeout. */
  sessionTimeoutMinutes?: number
  /** Maximum size of one session's storage, in bytes of JSON. Default 65,536. */
  maxStorageBytes?: number
  codecs?: readonly StorageCodec[]
  /** The maximum number of stored session records (licences). Default: no limit. */
  maxSessions?: number
  /** The maximum number of stored guest sessions. Further visitors get pages without a session. Default: no limit. */
  maxGuests?: number
  /** The maximum number of sessions of a user, without API tokens. A new login ends the oldest. Default: no limit. */
  maxSessionsPerUser?: number
  /** The maximum number of devices of a session. A new device signs out the least recently used device. Default 20. */
  maxCredentials?: number
  /** The maximum number of valid one-time links of a session. A further link revokes the oldest link. Default 10. */
  maxOTPs?: number
  /** Binds cookies to a key of the browser, so that a copied cookie is useless (DBSC). Default: no binding. */
  deviceBinding?: DeviceBindingOptions
  /** Ends all sessions when the last process on an embedded store calls `close()` (4D). Default false. */
  closeOnStop?: boolean
  /** The interval of the automatic sweep in seconds; 0 for no automatic sweep. Default 60. */
  sweepSeconds?: number
}

// The maximum value of each limit. Every store can hold and compare this number.
const MOST = 1_000_000_000

export type Policy = ReturnType<typeof readOptions>

// The idle timeout of token sessions in West Wind.
const REST_IDLE_MILLISECONDS = 30 * 60_000

const KNOWN = {
  appName: true,
  store: true,
  storage: true,
  roles: true,
  privileges: true,
  clock: true,
  guests: true,
  tokenPrefix: true,
  cookieName: true,
  secureCookie: true,
  sameSite: true,
  partitioned: true,
  domain: true,
  idleTimeoutMinutes: true,
  minIdleTimeoutMinutes: true,
  absoluteHours: true,
  sessionTimeoutMinutes: true,
  maxStorageBytes: true,
  codecs: true,
  seal: true,
  open: true,
  maxSessions: true,
  maxGuests: true,
  maxSessionsPerUser: true,
  maxCredentials: true,
  maxOTPs: true,
  deviceBinding: true,
  closeOnStop: true,
  sweepSeconds: true,
} as const

/** @throws TypeError for an invalid option. */
export function readOptions(options: Omit<SessionOptions, 'storage'> & { storage?: unknown }) {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('createSessions() needs options: { appName, store, … }.')
  refuseUnknown('createSessions()', options, KNOWN)
  const { appName, store, guests = 'first-write', secureCookie = true, closeOnStop = false, codecs = [] } = options
  if (typeof appName !== 'string' || !/^[A-Za-z0-9_-]{1,40}$/.test(appName)) {
    throw new TypeError(
      `appName: 1 to 40 letters, digits, "-" or "_", because it becomes part of the cookie's name; got ${JSON.stringify(appName)}.`,
    )
  }
  if (typeof store?.find !== 'function')
    throw new TypeError('store: pass a store, for instance memoryStore() or sqliteStore(db).')
  const versions = checkedVersions(options.storage)
  if (guests !== 'first-request' && guests !== 'first-write')
    throw new TypeError(`guests: 'first-request' or 'first-write', got ${JSON.stringify(guests)}.`)
  const { tokenPrefix = `${appName.toLowerCase()}_` } = options
  if (typeof tokenPrefix !== 'string' || !/^[a-z0-9_-]{1,41}$/.test(tokenPrefix))
    throw new TypeError(
      `tokenPrefix: 1 to 41 lower-case letters, digits, "-" or "_"; got ${JSON.stringify(tokenPrefix)}.`,
    )
  checkFlags('', { secureCookie, partitioned: options.partitioned, closeOnStop })
  const {
    sessionTimeoutMinutes,
    minIdleTimeoutMinutes = 60,
    idleTimeoutMinutes = 60,
    absoluteHours = {},
    sweepSeconds = 60,
  } = options
  refuseUnknown('absoluteHours', absoluteHours, { web: true, rest: true })
  const timeout =
    sessionTimeoutMinutes === undefined
      ? undefined
      : lifetimeMilliseconds('sessionTimeoutMinutes', sessionTimeoutMinutes, 'minutes', 0)
  const minIdle = lifetimeMilliseconds('minIdleTimeoutMinutes', minIdleTimeoutMinutes, 'minutes', 1)
  const idle = lifetimeMilliseconds('idleTimeoutMinutes', idleTimeoutMinutes, 'minutes', 1)
  const neverExpires = timeout === 0
  const { web = 12, rest = 720 } = absoluteHours
  const absolute = (kind: SessionKind, hours: number) => {
    const length = lifetimeMilliseconds(`absoluteHours.${kind}`, hours, 'hours', 0)
    return neverExpires ? 0 : length
  }
  const cookie = readCookieOptions(appName, options)
  return Object.freeze({
    appName,
    guests,
    secureCookie,
    cookie,
    deviceBinding: readBindingOptions(options.deviceBinding, options, cookie),
    tokenPrefix,
    closeOnStop,
    neverExpires,
    idleMilliseconds: Object.freeze({
      web: timeout ?? Math.max(idle, minIdle),
      rest: neverExpires ? 0 : REST_IDLE_MILLISECONDS,
    }),
    minIdleMilliseconds: minIdle,
    absoluteMilliseconds: Object.freeze({ web: absolute('web', web), rest: absolute('rest', rest) }),
    maxStorageBytes: wholeNumber('maxStorageBytes', options.maxStorageBytes, 2) ?? 65_536,
    codecs: Object.freeze(checkedCodecs(codecs)),
    versions,
    seal: checkedSeal(options),
    limits: Object.freeze(
      defined({
        sessions: wholeNumber('maxSessions', options.maxSessions, 1),
        guests: wholeNumber('maxGuests', options.maxGuests, 0),
        sessionsPerUser: wholeNumber('maxSessionsPerUser', options.maxSessionsPerUser, 1),
        credentials: wholeNumber('maxCredentials', options.maxCredentials, 1) ?? 20,
        otps: wholeNumber('maxOTPs', options.maxOTPs, 1) ?? 10,
      }),
    ),
    roles: declareRoles(options),
    sweepMilliseconds: lifetimeMilliseconds('sweepSeconds', sweepSeconds, 'seconds', 0),
  })
}

function wholeNumber(name: string, value: number | undefined, least: number): number | undefined {
  if (value === undefined) return undefined
  if (Number.isInteger(value) && value >= least && value <= MOST) return value
  throw new TypeError(
    `${name}: a whole number from ${least} up to ${MOST}, got ${typeof value === 'number' ? value : JSON.stringify(value)}.`,
  )
}

function defined(limits: Record<keyof Limits, number | undefined>): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
