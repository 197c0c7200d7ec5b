import type { SessionKind } from '../record.ts'
import type { Limits, SessionStore } from '../store.ts'
import type { Clock } from './clock.ts'
import { declareRoles, type RoleDeclaration } from './roles.ts'
import type { StorageCodec } from './storage.ts'

export interface SessionOptions extends RoleDeclaration {
  /** 1 to 40 letters, digits, `-` and `_`; part of the cookie's name. Applications on one store need distinct names. */
  appName: string
  store: SessionStore
  /** Default: `systemClock`. */
  clock?: Clock
  /** When a guest gets a session: at the first page ('first-request', 4D) or the first write. Default 'first-write'. */
  guests?: 'first-request' | 'first-write'
  /** Lets secret scanners find tokens: 1 to 41 of `a-z`, `0-9`, `-`, `_`. Default: lower-case `appName` and `_`. */
  tokenPrefix?: string
  /** Sets `Secure` and the `__Host-` prefix. Default true. Use false only for plain http during development. */
  secureCookie?: boolean
  /** Idle timeout of web sessions, in minutes. Default 60 (4D). */
  idleTimeoutMinutes?: number
  /** Raises lower values of `idleTimeoutMinutes` and `setIdleTimeout` to this minimum. Default 60 (4D). */
  minIdleTimeoutMinutes?: number
  /** Absolute timeout in hours; 0 for none. Default 12 for web sessions, 720 for rest sessions. */
  absoluteHours?: { web?: number; rest?: number }
  /** Overrides `idleTimeoutMinutes`, without a minimum (JADE). 0 disables the idle timeout and the absolute timeout. */
  sessionTimeoutMinutes?: number
  /** Maximum size of one session's storage, in bytes of JSON. Default 65,536. */
  maxStorageBytes?: number
  codecs?: readonly StorageCodec[]
  /** Stored session records (licences). Default: no limit. */
  maxSessions?: number
  /** Stored guest sessions. Further visitors get pages without a session. Default: no limit. */
  maxGuests?: number
  /** Sessions of one user, without API tokens. A further login ends the oldest session. Default: no limit. */
  maxSessionsPerUser?: number
  /** Devices of one session. A further device signs out the least recently used one. Default 20. */
  maxCredentials?: number
  /** Valid one-time links of one session. A further link revokes the oldest one. Default 10. */
  maxOTPs?: number
  /** Ends all sessions when the last process on an embedded store calls `close()` (4D). Default false. */
  closeOnStop?: boolean
  /** The interval of the automatic sweep in seconds; 0 for no automatic sweep. Default 60. */
  sweepSeconds?: number
}

export type Policy = ReturnType<typeof readOptions>

const MINUTE = 60_000
const HOUR = 60 * MINUTE
// West Wind's idle timeout of token sessions.
const REST_IDLE_MILLISECONDS = 30 * MINUTE

/** @throws TypeError for an invalid option. */
export function readOptions(options: SessionOptions) {
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

function number(name: string, value: number | undefined, least: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
  throw new TypeError(
    `${name}: a number from ${least} up, got ${typeof value === 'number' ? value : JSON.stringify(value)}.`,
  )
}

function defined(limits: Record<keyof Limits, number | undefined>): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
