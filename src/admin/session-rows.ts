import { isMasked } from '../crm-session/own-sessions.ts'
import type { DeviceDescription, SessionDescription } from '../session/index.ts'
import { canonicalAddress } from '../web/client-address.ts'
import { formatAgo, formatBytes, formatCount, formatExactMoment, formatTimeLeft } from '../web/format.ts'
import { SESSIONS_PATH } from './session-query.ts'

/** Describes a `User-Agent` header, for example as "Firefox on Windows". */
export type DescribeDevice = (userAgent: string | null) => string

interface Moment {
  iso: string
  /** For example "5 Jan 2026, 09:00:00 UTC". */
  exact: string
  /** For example "3 min ago". */
  ago: string
}

export interface SessionRow {
  id: string
  href: string
  who: string
  userId: string
  kind: string
  states: { word: string; look: string }[]
  isReadable: boolean
  /** Whether the administrator who sees the row uses this session. */
  isMine: boolean
  /** Whether the session belongs to another visitor of a public demo, and can therefore not be ended. */
  isForeign: boolean
  device: string
  address: string
  created: Moment | undefined
  seen: Moment | undefined
  idleLeft: string
  absoluteLeft: string
  stored: string
  /** For example "2 keys", or the size of a storage that cannot be read. */
  keys: string
  credentials: string
}

/** A device, an API token or an unused one-time link of a session. */
export interface DeviceRow {
  handle: string
  what: string
  device: string
  address: string
  /** '' for a token or a link, and if the server does not bind devices. */
  key: string
  cameBy: string
  created: Moment
  seen: Moment | undefined
  authenticated: Moment | undefined
}

const CAME_BY: Record<DeviceDescription['via'], string> = {
  visit: 'a first visit',
  login: 'a login',
  link: 'a one-time link',
  'sign-in': 'a REST sign-in',
  token: 'a token made by its owner',
}

/** Formats a session for display. `mine` is the public handle of the administrator's own session. */
export function sessionRow(
  session: SessionDescription,
  { now, mine, describeDevice }: { now: number; mine: string; describeDevice: DescribeDevice },
): SessionRow {
  const { id, kind, startTime, lastAccessTime, idleEndTime, absoluteEndTime } = session
  const lastUsed = [...session.devices].filter(isDevice).sort((a, b) => seenAt(b) - seenAt(a))[0]
  const isLive = session.state === 'live'
  return {
    id,
    href: `${SESSIONS_PATH}/${id}`,
    who: ownerOf(session),
    userId: session.userId ?? '',
    kind: kind === 'web' ? 'Web' : 'API',
    states: statesOf(session),
    isReadable: session.isReadable,
    isMine: id === mine,
    isForeign: isMasked(session),
    device: lastUsed ? nameOf(lastUsed, describeDevice) : '',
    address: canonicalAddress(lastUsed?.address ?? ''),
    created: startTime ? momentOf(startTime, now) : undefined,
    seen: lastAccessTime ? momentOf(lastAccessTime, now) : undefined,
    idleLeft: isLive ? formatTimeLeft(idleEndTime, now) : '',
    absoluteLeft: isLive ? formatTimeLeft(absoluteEndTime, now) : '',
    stored: storedIn(session),
    keys: keysIn(session),
    credentials: credentialsOf(session),
  }
}

function storedIn(session: SessionDescription): string {
  const size = formatBytes(session.storageBytes)
  return session.isReadable ? `${size}, ${keysIn(session)}` : size
}

function keysIn({ storageBytes, storageKeys, isReadable }: SessionDescription): string {
  return isReadable ? formatCount(storageKeys.length, 'key', 'keys') : formatBytes(storageBytes)
}

function ownerOf({ userName, userId, kind }: SessionDescription): string {
  return userName || userId || (kind === 'web' ? 'Guest' : 'API client')
}

export function deviceRow(
  device: DeviceDescription,
  { now, describeDevice, bindsDevices }: { now: number; describeDevice: DescribeDevice; bindsDevices: boolean },
): DeviceRow {
  const { handle, kind, scope, boundSince, createdAt, lastSeenAt, authenticatedAt } = device
  const access = scope === 'read' ? 'API token, reads only' : 'API token'
  return {
    handle,
    what: { cookie: 'Browser', bearer: access, otp: 'Open one-time link' }[kind],
    device: kind === 'otp' ? '' : nameOf(device, describeDevice),
    address: canonicalAddress(device.address ?? ''),
    key: bindsDevices && kind === 'cookie' ? keyOf(boundSince) : '',
    cameBy: kind === 'otp' ? 'One-time link, not opened yet' : CAME_BY[device.via],
    created: momentOf(createdAt, now),
    seen: lastSeenAt ? momentOf(lastSeenAt, now) : undefined,
    authenticated: authenticatedAt ? momentOf(authenticatedAt, now) : undefined,
  }
}

function keyOf(boundSince: Date | null): string {
  return boundSince ? `Bound to the device’s key since ${formatExactMoment(boundSince)}` : 'Not bound to a key'
}

function statesOf(session: SessionDescription): SessionRow['states'] {
  const unreadable = session.isReadable ? [] : [{ word: 'Unreadable', look: 'bad' }]
  if (session.state === 'invalidated') return [{ word: 'Invalidated', look: 'bad' }, ...unreadable]
  const isGuest = session.userId === undefined && session.privileges.length === 0
  const isRestored = session.devices.some((device) => isDevice(device) && device.via === 'link')
  return [
    isGuest ? { word: 'Guest', look: 'waiting' } : { word: 'Signed in', look: 'good' },
    ...(isRestored ? [{ word: 'Restored', look: 'waiting' }] : []),
    ...unreadable,
  ]
}

function credentialsOf({ devices, kind }: SessionDescription): string {
  const here = devices.filter(isDevice).length
  const links = devices.length - here
  const words = [
    formatCount(here, ...(kind === 'web' ? (['device', 'devices'] as const) : (['token', 'tokens'] as const))),
    ...(links > 0 ? [formatCount(links, 'open link', 'open links')] : []),
  ]
  return words.join(', ')
}

function nameOf({ name, device }: DeviceDescription, describeDevice: DescribeDevice): string {
  return name === '' ? describeDevice(device) : `“${name}”, ${describeDevice(device)}`
}

function isDevice({ kind }: DeviceDescription): boolean {
  return kind !== 'otp'
}

function seenAt({ lastSeenAt, createdAt }: DeviceDescription): number {
  return (lastSeenAt ?? createdAt).getTime()
}

function momentOf(time: Date, now: number): Moment {
  return { iso: time.toISOString(), exact: formatExactMoment(time), ago: formatAgo(time, now) }
}
