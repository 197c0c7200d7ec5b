import { NEVER, type SessionKind } from '../record.ts'
import type { Limits, SessionStore } from '../store.ts'
import type { Clock } from './clock.ts'
import { declareRoles, type RoleDeclaration, type Roles } from './roles.ts'
import type { StorageCodec } from './storage.ts'

export interface SessionOptions extends RoleDeclaration {
  /**
   * 1 to 40 letters, digits, `-` and `_`. The name is part of the cookie's name.
   * Applications that share a store need different names.
   */
  appName: string
  store: SessionStore
  /** Default: `systemClock`. */
  clock?: Clock
  /**
   * When a visitor gets a session and a cookie: with the first page ('first-request', as in 4D), or with the first
   * write to the session ('first-write'). Default 'first-write'.
   */
  guests?: 'first-request' | 'first-write'
  /**
   * The prefix of bearer tokens: 1 to 41 lower-case letters, digits, `-` and `_`. Secret scanners search for this
   * prefix.
   * Default: `appName` in lower case, followed by `_`.
   */
  tokenPrefix?: string
  /** Sets `Secure` and the `__Host-` prefix. Default true. Use false only for plain http during development. */
  secureCookie?: boolean
  /** Idle timeout of web sessions, in minutes. Default 60 (4D). */
  idleTimeoutMinutes?: number
  /**
   * The minimum of `idleTimeoutMinutes` and `setIdleTimeout`. Lower values are raised to this minimum. Default 60 (4D).
   */
  minIdleTimeoutMinutes?: number
  /** Absolute timeout in hours; 0 for none. Default 12 for web sessions, 720 for rest sessions. */
  absoluteHours?: { web?: number; rest?: number }
  /**
   * Overrides `idleTimeoutMinutes`, without a minimum (JADE).
   * 0 disables both the idle timeout and the absolute timeout.
   */
  sessionTimeoutMinutes?: number
  /** Maximum size of one session's storage, in bytes of JSON. Default 65,536. */
  maxStorageBytes?: number
  codecs?: readonly StorageCodec[]
  /** The maximum number of stored session records (licences). Default: no limit. */
  maxSessions?: number
  /** The maximum number of stored guest sessions. Further visitors get pages without a session. Default: no limit. */
  maxGuests?: number
  /**
   * The maximum number of sessions of one user, without API tokens. Default: no limit.
   * A further login ends the user's oldest session.
   */
  maxSessionsPerUser?: number
  /**
   * The maximum number of devices of one session. A further device signs out the least recently used one. Default 20.
   */
  maxCredentials?: number
  /** The maximum number of valid one-time links of one session. A further link revokes the oldest one. Default 10. */
  maxOTPs?: number
  /** Ends all sessions when the last process on an embedded store calls `close()` (4D). Default false. */
  closeOnStop?: boolean
  /** The interval of the automatic sweep in seconds; 0 for no automatic sweep. Default 60. */
  sweepSeconds?: number
}

/** The validated options with their defaults. The store and the clock are in `Context`. */
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
// West Wind's idle timeout of token sessions.
const REST_IDLE_MILLISECONDS = 30 * MINUTE

/**
 * Validates the options and adds the defaults.
 * @throws TypeError for an invalid option.
 */
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
    throw new TypeError('store: pass a store, for instance memoryStore() or sqliteStore(db).')
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

/** Returns when the absolute timeout ends a session that begins at `now`. */
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
