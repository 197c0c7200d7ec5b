import { NEVER, type SessionKind } from '../record.ts'
import type { Limits, SessionStore } from '../store.ts'
import type { Clock } from './clock.ts'
import { declareRoles, type RoleDeclaration, type Roles } from './roles.ts'
import type { StorageCodec } from './storage.ts'

export interface SessionOptions extends RoleDeclaration {
  /** Letters, digits, `-` and `_`, at most 40. Names the cookie and keeps applications on one store apart. */
  appName: string
  store: SessionStore
  /** Default: the machine's clock. */
  clock?: Clock
  /**
   * When a visitor gets a session: at the first request ('first-request', as 4D does) or when something is stored
   * ('first-write', the default: no record and no cookie for visitors with nothing to remember).
   */
  guests?: 'first-request' | 'first-write'
  /**
   * What bearer tokens begin with, so that people and secret scanners recognise one that leaked. Lower-case letters, digits, `-` and `_`,
   * at most 41. Default: the application's name in lower case and `_`.
   */
  tokenPrefix?: string
  /** `Secure` and the `__Host-` prefix. Default true; false only for plain http on a developer's machine. */
  secureCookie?: boolean
  /** Minutes without a request after which a session closes. Default 60 (4D). */
  idleTimeoutMinutes?: number
  /** The least that `setIdleTimeout` and `idleTimeoutMinutes` may ask for; lower values become this. Default 60 (4D). */
  minIdleTimeoutMinutes?: number
  /** Hours after which a session ends however active it is; 0 = none. Default 12 for web, 720 for rest. */
  absoluteHours?: { web?: number; rest?: number }
  /** JADE's session timeout: replaces the idle timeout without the floor; 0 = sessions never expire, absolute limit off too. */
  sessionTimeoutMinutes?: number
  /** The most that one session may store, in bytes of JSON. Default 65536. */
  maxStorageBytes?: number
  codecs?: readonly StorageCodec[]
  /** Licences: records that may exist at once. Default: no limit. */
  maxSessions?: number
  /** Of these, guests. Beyond it visitors get pages without a session. */
  maxGuests?: number
  /** Of one user; API tokens do not count. When one more begins, the user's oldest ends. */
  maxSessionsPerUser?: number
  /** Devices and tokens of one session. Default 20. */
  maxCredentials?: number
  /** Open one-time links of one session. Default 10. */
  maxOTPs?: number
  /** End all sessions when the last process that has an embedded store open closes it (4D). Default false. */
  closeOnStop?: boolean
  /** How often expired records are removed. Default 60 seconds; 0 = never by itself, call `sweep()`. */
  sweepSeconds?: number
}

/** The options, checked and complete; the store and the clock have places of their own in the context. */
export interface Policy {
  readonly appName: string
  readonly guests: 'first-request' | 'first-write'
  readonly secureCookie: boolean
  readonly tokenPrefix: string
  readonly idleMilliseconds: Readonly<Record<SessionKind, number>>
  readonly minIdleMilliseconds: number
  readonly absoluteMilliseconds: Readonly<Record<SessionKind, number>>
  readonly neverExpires: boolean
  readonly maxStorageBytes: number
  readonly codecs: readonly StorageCodec[]
  readonly limits: Readonly<Limits>
  readonly roles: Roles
  readonly closeOnStop: boolean
  readonly sweepMilliseconds: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
// West Wind's token sessions close after this long without a request.
const REST_IDLE_MILLISECONDS = 30 * MINUTE

/** @throws TypeError that tells what to change. The options are read once and never written to. */
export function readOptions(options: SessionOptions): Policy {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('createSessions() needs options: { appName, store, … }.')
  const { appName, store, guests = 'first-write', secureCookie = true, closeOnStop = false } = options
  if (typeof appName !== 'string' || !/^[A-Za-z0-9_-]{1,40}$/.test(appName)) {
    throw new TypeError(
      `appName: 1 to 40 letters, digits, "-" or "_", because it becomes part of the cookie's name; got ${JSON.stringify(appName)}.`,
    )
  }
  if (typeof store?.find !== 'function')
    throw new TypeError('store: hand in a store, for instance memoryStore() or sqliteStore(db).')
  if (guests !== 'first-request' && guests !== 'first-write')
    throw new TypeError(`guests: 'first-request' or 'first-write', got ${JSON.stringify(guests)}.`)
  const tokenPrefix = options.tokenPrefix ?? `${appName.toLowerCase()}_`
  if (typeof tokenPrefix !== 'string' || !/^[a-z0-9_-]{1,41}$/.test(tokenPrefix))
    throw new TypeError(
      `tokenPrefix: 1 to 41 lower-case letters, digits, "-" or "_"; got ${JSON.stringify(tokenPrefix)}.`,
    )
  for (const [name, value] of Object.entries({ secureCookie, closeOnStop })) {
    if (typeof value !== 'boolean') throw new TypeError(`${name}: true or false, got ${JSON.stringify(value)}.`)
  }
  const timeout = number('sessionTimeoutMinutes', options.sessionTimeoutMinutes, 0)
  const minIdle = (number('minIdleTimeoutMinutes', options.minIdleTimeoutMinutes, 1) ?? 60) * MINUTE
  const idle = (number('idleTimeoutMinutes', options.idleTimeoutMinutes, 1) ?? 60) * MINUTE
  const neverExpires = timeout === 0
  const absolute = (kind: SessionKind, hours: number) =>
    neverExpires ? 0 : (number(`absoluteHours.${kind}`, options.absoluteHours?.[kind], 0) ?? hours) * HOUR
  return Object.freeze({
    appName,
    guests,
    secureCookie,
    tokenPrefix,
    closeOnStop,
    neverExpires,
    idleMilliseconds: Object.freeze({
      web: timeout === undefined ? Math.max(idle, minIdle) : timeout * MINUTE,
      rest: neverExpires ? 0 : REST_IDLE_MILLISECONDS,
    }),
    minIdleMilliseconds: minIdle,
    absoluteMilliseconds: Object.freeze({ web: absolute('web', 12), rest: absolute('rest', 720) }),
    maxStorageBytes: number('maxStorageBytes', options.maxStorageBytes, 2) ?? 65_536,
    codecs: Object.freeze([...(options.codecs ?? [])]),
    limits: Object.freeze(
      defined({
        sessions: number('maxSessions', options.maxSessions, 1),
        guests: number('maxGuests', options.maxGuests, 0),
        sessionsPerUser: number('maxSessionsPerUser', options.maxSessionsPerUser, 1),
        credentials: number('maxCredentials', options.maxCredentials, 1) ?? 20,
        otps: number('maxOTPs', options.maxOTPs, 1) ?? 10,
      }),
    ),
    roles: declareRoles(options),
    sweepMilliseconds: (number('sweepSeconds', options.sweepSeconds, 0) ?? 60) * 1000,
  })
}

/** When a session that begins now ends however active it is. */
export function absoluteEndOf(policy: Policy, kind: SessionKind, now: number): number {
  const length = policy.absoluteMilliseconds[kind]
  return length === 0 ? NEVER : now + length
}

function number(name: string, value: number | undefined, least: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
  throw new TypeError(
    `${name}: a number from ${least} up, got ${typeof value === 'number' ? value : JSON.stringify(value)}.`,
  )
}

function defined(limits: Record<string, number | undefined>): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
