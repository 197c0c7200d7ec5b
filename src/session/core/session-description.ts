import { type Credential, isLive, NEVER, type SessionId, type SessionKind, type SessionRecord } from '../record.ts'
import type { Context } from './context.ts'
import { type TokenTerms, termsOfToken } from './new-token.ts'

/** For lists and administrators. Contains no secrets, hashes or stored values. */
export interface SessionDescription {
  id: SessionId
  kind: SessionKind
  userName: string
  userId: string | undefined
  privileges: readonly string[]
  state: 'live' | 'invalidated'
  /** false when the storage, the privileges or a device cannot be read. They are then described as empty. */
  isReadable: boolean
  /** null, like `lastAccessTime`, when the session is invalidated (JADE). */
  startTime: Date | null
  lastAccessTime: Date | null
  /** When the session expires without further requests, in ISO 8601 (UTC); null for never. */
  expirationDate: string | null
  /** When the idle timeout expires without further requests; null for never. */
  idleEndTime: Date | null
  /** When the absolute timeout expires; null for never. */
  absoluteEndTime: Date | null
  storageBytes: number
  storageKeys: string[]
  devices: DeviceDescription[]
}

/** `name` and `scope` apply to bearer tokens only. */
export interface DeviceDescription extends TokenTerms {
  handle: string
  kind: Credential['kind']
  via: Credential['via']
  createdAt: Date
  lastSeenAt: Date | null
  authenticatedAt: Date | null
  device: string | null
  address: string | null
}

export function describeSession(
  context: Context,
  record: SessionRecord,
  credentials: readonly Credential[],
): SessionDescription {
  const { policy, clock, format } = context
  const storage = format.tryDecode(record.storage)
  const privileges = policy.roles.expand(record.grants)
  const areDetailsReadable = credentials.every(({ details }) => details === null || format.tryDecode(details))
  return {
    id: record.id,
    kind: record.kind,
    userName: record.userName,
    userId: record.userId ?? undefined,
    privileges: privileges.names,
    state: isLive(record, clock.now()) ? 'live' : 'invalidated',
    isReadable: storage !== undefined && privileges.isReadable && areDetailsReadable,
    startTime: dateOf(record.startTime),
    lastAccessTime: dateOf(record.lastAccessTime),
    expirationDate: expirationDateOf(record),
    idleEndTime: momentOf(idleEndOf(record)),
    absoluteEndTime: momentOf(record.absoluteEnd),
    storageBytes: Buffer.byteLength(record.storage),
    storageKeys: Object.keys(storage ?? {}),
    devices: credentials.map((credential) => describeDevice(context, credential)),
  }
}

function describeDevice(context: Context, credential: Credential): DeviceDescription {
  const { handle, kind, via, createdAt, lastSeenAt, authenticatedAt, device, address } = credential
  return {
    handle,
    kind,
    via,
    createdAt: new Date(createdAt),
    lastSeenAt: dateOf(lastSeenAt),
    authenticatedAt: dateOf(authenticatedAt),
    device,
    address,
    ...termsOfToken(context, kind === 'bearer' ? credential : { details: null }),
  }
}

export function expirationDateOf(record: SessionRecord): string | null {
  return momentOf(Math.min(idleEndOf(record), record.absoluteEnd))?.toISOString() ?? null
}

function idleEndOf({ lastAccessTime, idleMilliseconds }: SessionRecord): number {
  return idleMilliseconds === 0 || lastAccessTime === null ? NEVER : lastAccessTime + idleMilliseconds
}

function momentOf(time: number): Date | null {
  return time === NEVER ? null : new Date(time)
}

export function dateOf(time: number | null): Date | null {
  return time === null ? null : new Date(time)
}
