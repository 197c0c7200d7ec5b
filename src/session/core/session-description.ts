import {
  type Credential,
  isDamaged,
  isLive,
  isTime,
  NEVER,
  type SessionId,
  type SessionKind,
  type SessionRecord,
} from '../record.ts'
import type { Context } from './context.ts'
import { termsOf } from './credentials/otp.ts'
import { bindingOf } from './device-binding/binding.ts'
import { type TokenTerms, termsOfToken } from './new-token.ts'

// The latest time that a Date can hold.
const LAST_TIME = 8.64e15
const TIMES_OF_DEVICE = ['createdAt', 'lastSeenAt', 'authenticatedAt', 'expiresAt'] as const

/** Describes a session for lists and administrators. Contains no secrets, hashes or stored values. */
export interface SessionDescription {
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  privileges: readonly string[]
  state: 'live' | 'invalidated'
  /** false when the record, the storage, the privileges or a device is damaged. A damaged part is shown as empty. */
  isReadable: boolean
  /** Both times are null when the session is invalidated (JADE), because a new session has replaced it. */
  startTime: Date | null
  lastAccessTime: Date | null
  /** The time at which the session expires without further requests, in ISO 8601 (UTC); null for never. */
  expirationDate: string | null
  /** The time at which the idle timeout expires without further requests; null for never. */
  idleEndTime: Date | null
  /** The time at which the absolute timeout expires; null for never. */
  absoluteEndTime: Date | null
  storageBytes: number
  storageKeys: string[]
  devices: DeviceDescription[]
}

/** Describes a credential. `name` and `scope` apply only to bearer tokens. */
export interface DeviceDescription extends TokenTerms {
  handle: string
  kind: Credential['kind']
  via: Credential['via']
  createdAt: Date
  lastSeenAt: Date | null
  authenticatedAt: Date | null
  device: string | null
  address: string | null
  /** Whether the cookie is bound to a key of the browser (option `deviceBinding`), and since when. */
  bound: boolean
  boundSince: Date | null
}

export function describeSession(
  context: Context,
  record: SessionRecord,
  credentials: readonly Credential[],
): SessionDescription {
  const { policy, clock } = context
  const storage = context.storage.describe(record)
  const privileges = policy.roles.expand(record.grants)
  const areDevicesReadable = credentials.every((credential) => isDeviceReadable(context, credential))
  // An expired link is shown until a sweep removes it, but an expired device no longer belongs to the session.
  const isShown = ({ kind, expiresAt }: Credential) => kind === 'otp' || !(expiresAt <= clock.now())
  const isRecordReadable = privileges.isReadable && !isDamaged(record)
  return {
    id: record.id,
    kind: record.kind,
    userName: record.userName,
    userId: record.userId ?? undefined,
    privileges: privileges.names,
    state: isLive(record, clock.now()) ? 'live' : 'invalidated',
    isReadable: storage.isReadable && isRecordReadable && areDevicesReadable,
    startTime: dateOf(record.startTime),
    lastAccessTime: dateOf(record.lastAccessTime),
    expirationDate: expirationDateOf(record),
    idleEndTime: dateOf(idleEndOf(record)),
    absoluteEndTime: dateOf(record.absoluteEnd),
    storageBytes: storage.bytes,
    storageKeys: storage.keys,
    devices: credentials.filter(isShown).map((credential) => describeDevice(credential)),
  }
}

function isDeviceReadable(context: Context, credential: Credential): boolean {
  return (
    areDetailsReadable(context, credential) &&
    TIMES_OF_DEVICE.every((name) => credential[name] === null || isTime(credential[name]))
  )
}

function areDetailsReadable(context: Context, credential: Credential): boolean {
  if (credential.kind === 'bearer') return termsOfToken(credential) !== undefined
  // The details of a cookie need no check, because the layer never decodes them.
  return credential.kind !== 'otp' || termsOf(context.format, credential) !== undefined
}

function describeDevice(credential: Credential): DeviceDescription {
  const { handle, kind, via, createdAt, lastSeenAt, authenticatedAt, device, address } = credential
  const binding = bindingOf(credential)
  return {
    handle,
    kind,
    via,
    createdAt: dateOf(createdAt) ?? new Date(0),
    lastSeenAt: dateOf(lastSeenAt),
    authenticatedAt: dateOf(authenticatedAt),
    device,
    address,
    bound: binding !== undefined,
    boundSince: dateOf(binding?.since ?? null),
    ...termsOfDevice(credential),
  }
}

function termsOfDevice(credential: Credential): TokenTerms {
  if (credential.kind !== 'bearer') return { name: '', scope: 'read-write' }
  return termsOfToken(credential) ?? { name: '', scope: 'read' }
}

/** `until` is the expiry of the device that uses the session. */
export function expirationDateOf(record: SessionRecord, until = NEVER): string | null {
  return dateOf(Math.min(idleEndOf(record), record.absoluteEnd, until))?.toISOString() ?? null
}

function idleEndOf({ lastAccessTime, idleMilliseconds }: SessionRecord): number {
  return idleMilliseconds === 0 || lastAccessTime === null ? NEVER : lastAccessTime + idleMilliseconds
}

/** Returns null for null, for `NEVER` and for a damaged time. */
export function dateOf(time: number | null): Date | null {
  return typeof time === 'number' && Math.abs(time) <= LAST_TIME ? new Date(time) : null
}
