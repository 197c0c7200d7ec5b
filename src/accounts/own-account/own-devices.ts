import type { CrmSession } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import type { Privilege } from '../../crm-session/privileges.ts'
import type { DeviceDescription, SessionDescription, Sessions } from '../../session/index.ts'

/** How many devices the page shows. */
export const MOST_SHOWN = 100

/** Where somebody is signed in: a browser, a program that signed in over the API, or an API token. */
export interface OwnDevice {
  sessionId: string
  handle: string
  via: DeviceDescription['via']
  /** What the browser says of itself. */
  userAgent: string | null
  address: string | null
  /** An API token's name; '' for everything else. */
  name: string
  since: Date
  seen: Date
  isThis: boolean
}

export interface OwnDevices {
  /** This device first, then those that were used last. */
  devices: OwnDevice[]
  /** How many there are beside those. */
  more: number
}

export type SessionsOfDevices = Pick<
  Sessions<CrmStorage, Privilege>,
  'get' | 'list' | 'count' | 'end' | 'endMany' | 'detach'
>

/** What is known of a request. */
export interface Here {
  session: CrmSession
  userId: string
  /** Where the request comes from. */
  origin: { requestId: string; device: string | null; address: string }
}

/** Where this user is signed in: what was used last; however many sessions he has, the others are only counted. */
export async function ownDevices(sessions: SessionsOfDevices, here: Here): Promise<OwnDevices> {
  const { userId, session } = here
  const { sessions: found, next } = await sessions.list({ userId }, { sort: 'seen', size: MOST_SHOWN })
  const isListed = found.some(({ id }) => id === session.id)
  const own = isListed ? undefined : await sessions.get(session.id)
  const live = [...(own ? [own] : []), ...found].filter(({ state }) => state === 'live')
  const all = live.flatMap((description) => devicesOf(description, here))
  const devices = all
    .toSorted((one, other) => Number(other.isThis) - Number(one.isThis) || other.seen.getTime() - one.seen.getTime())
    .slice(0, MOST_SHOWN)
  const beyond = next === undefined ? 0 : Math.max(0, (await sessions.count({ userId })) - live.length)
  return { devices, more: all.length - devices.length + beyond }
}

/**
 * Signs one device of this user out; `own` when it was this very one, and `false` when there is no such device of his: gone, somebody
 * else's, or never there.
 */
export async function endOwnDevice(
  sessions: SessionsOfDevices,
  here: Here,
  { id, handle }: { id: string; handle: string },
): Promise<boolean | 'own'> {
  const { session, userId, origin } = here
  const found = await sessions.get(id)
  if (found?.userId !== userId || found.state !== 'live') return false
  const devices = found.devices.filter(isDevice)
  const device = devices.find((candidate) => candidate.handle === handle)
  if (device === undefined) return false
  if (handle === session.deviceHandle) {
    await session.close()
    return 'own'
  }
  return devices.length === 1
    ? sessions.end(id, 'revoked', { cause: origin })
    : sessions.detach(id, handle, 'revoked', { cause: origin })
}

/**
 * Signs out everywhere but here, API tokens and one-time links included. This device goes on with a fresh cookie, and `login` says
 * that the user has just typed his password.
 */
export async function endOtherDevices(
  sessions: SessionsOfDevices,
  { session, userId, origin }: Here,
  { login = false }: { login?: boolean } = {},
): Promise<void> {
  await session.renew({ login, others: 'end' })
  await sessions.endMany({ userId, exceptId: session.id }, 'revoked', { cause: origin })
}

function devicesOf(description: SessionDescription, { session }: Here): OwnDevice[] {
  const devices = description.devices.filter(isDevice)
  return devices.map((device) => {
    const { handle, via, device: userAgent, address, name, createdAt } = device
    // A cookie that was renewed is younger than the log in.
    const since = devices.length === 1 ? (description.startTime ?? createdAt) : createdAt
    const seen = new Date(seenAt(device))
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
    }
  })
}

/** A browser or a program, and not a link that nobody has opened. */
function isDevice({ kind }: DeviceDescription): boolean {
  return kind !== 'otp'
}

/** When a device was used last, as far as is known. */
function seenAt({ lastSeenAt, createdAt }: Pick<DeviceDescription, 'lastSeenAt' | 'createdAt'>): number {
  return Math.max(lastSeenAt?.getTime() ?? 0, createdAt.getTime())
}
