import { bestEffort, type CrmSession, type CrmSessions } from '../../crm-session/crm-session.ts'
import { ENDED_BY_USER } from '../../crm-session/end-messages.ts'
import type { DeviceDescription, SessionDescription } from '../../session/index.ts'
import type { Origin } from '../sign-in/verify-password.ts'

const MOST_SHOWN = 100

/** A browser, a program that signed in over the API, or an API token. */
export interface OwnDevice {
  sessionId: string
  handle: string
  via: DeviceDescription['via']
  userAgent: string | null
  address: string | null
  /** The name of an API token. '' for other devices. */
  name: string
  since: Date
  seen: Date
  isThis: boolean
  /** Since when the cookie is bound to a key of the browser. Null: it is not bound. `undefined`: there is no cookie. */
  boundSince: Date | null | undefined
}

interface OwnDevices {
  /** The current device comes first. The other devices follow, with the most recently used device first. */
  devices: OwnDevice[]
  more: number
}

export type SessionsOfDevices = Pick<CrmSessions, 'get' | 'list' | 'count' | 'end' | 'endMany' | 'detach'>

export interface UserRequest {
  session: CrmSession
  userId: string
  origin: Origin
}

/** Returns the 100 most recently used devices of a user, and the number of further devices. */
export async function ownDevices(sessions: SessionsOfDevices, request: UserRequest): Promise<OwnDevices> {
  const { userId, session } = request
  const { sessions: found, next } = await sessions.list({ userId }, { sort: 'seen', size: MOST_SHOWN })
  const isListed = found.some(({ id }) => id === session.id)
  const own = isListed ? undefined : await sessions.get(session.id)
  const live = [...(own ? [own] : []), ...found].filter(({ state }) => state === 'live')
  const all = live.flatMap((description) => devicesOf(description, request))
  const devices = all
    .toSorted((one, other) => Number(other.isThis) - Number(one.isThis) || other.seen.getTime() - one.seen.getTime())
    .slice(0, MOST_SHOWN)
  const beyond = next === undefined ? 0 : Math.max(0, (await sessions.count({ userId })) - live.length)
  return { devices, more: all.length - devices.length + beyond }
}

/** Signs out a device. Returns `'own'` if it is the current device, and `false` if the user has no such device. */
export async function endOwnDevice(
  sessions: SessionsOfDevices,
  request: UserRequest,
  { id, handle }: { id: string; handle: string },
): Promise<boolean | 'own'> {
  const { session, userId, origin } = request
  const found = await sessions.get(id)
  if (found?.userId !== userId || found.state !== 'live') return false
  const devices = found.devices.filter(isDevice)
  const device = devices.find((candidate) => candidate.handle === handle)
  if (device === undefined) return false
  if (handle === session.deviceHandle) {
    await session.close()
    return 'own'
  }
  const by = { cause: origin, message: ENDED_BY_USER.signOut }
  return devices.length === 1 ? sessions.end(id, 'revoked', by) : sessions.detach(id, handle, 'revoked', by)
}

/** Signs out other devices, and revokes API tokens and one-time links. */
export async function endOtherDevices(
  sessions: SessionsOfDevices,
  { session, userId, origin }: UserRequest,
): Promise<void> {
  const by = { cause: origin, message: ENDED_BY_USER.signOut }
  await endOtherDevicesOf(session, sessions, by)
  await sessions.endMany({ userId, exceptId: session.id }, 'revoked', by)
}

/**
 * Signs out the other devices of the current session, and revokes its links. Pass `login: true` and
 * the proof after re-authentication.
 * @throws SessionError SESSION_ENDED if another request has replaced the cookie of this device. STORE_UNAVAILABLE.
 */
export async function endOtherDevicesOf(
  session: CrmSession,
  sessions: Pick<SessionsOfDevices, 'get' | 'detach'>,
  by: { cause: Origin; message: string },
  options: { login?: true; proof?: 'password' } = {},
): Promise<void> {
  // If the form was sent twice, the second request fails here, before it could sign out the new cookie of the first.
  await session.renew(options)
  await bestEffort(endDevicesBut(session.deviceHandle, sessions, session.id, by))
  await session.renew({ others: 'end' })
}

/** Signs out the devices of one session, and revokes its links. Each signed-out device gets the message. */
export async function endDevicesBut(
  kept: string | undefined,
  sessions: Pick<SessionsOfDevices, 'get' | 'detach'>,
  id: string,
  by: { cause: Origin; message: string },
): Promise<void> {
  const { devices = [] } = (await sessions.get(id)) ?? {}
  for (const { handle } of devices) if (handle !== kept) await sessions.detach(id, handle, 'revoked', by)
}

function devicesOf(description: SessionDescription, { session }: UserRequest): OwnDevice[] {
  const devices = description.devices.filter(isDevice)
  return devices.map((device) => {
    const { handle, kind, via, device: userAgent, address, name, createdAt, lastSeenAt, boundSince } = device
    // A cookie rotation resets `createdAt`. If the session has only one device, `startTime` is the time of its login.
    const since = devices.length === 1 ? (description.startTime ?? createdAt) : createdAt
    const seen = lastSeenAt !== null && lastSeenAt > createdAt ? lastSeenAt : createdAt
    return {
      sessionId: description.id,
      handle,
      via,
      userAgent,
      address,
      name,
      since,
      seen,
      isThis: handle === session.deviceHandle,
      boundSince: kind === 'cookie' ? boundSince : undefined,
    }
  })
}

function isDevice({ kind }: DeviceDescription): boolean {
  return kind !== 'otp'
}
