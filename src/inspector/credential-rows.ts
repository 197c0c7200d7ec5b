import type { DeviceDescription, SessionDescription } from '../session/index.ts'
import { describeDevice } from '../web/device-description.ts'
import { formatAgo } from '../web/format.ts'

const MOST = 30
const KINDS: Record<DeviceDescription['kind'], string> = {
  cookie: 'Browser',
  otp: 'One-time link',
  bearer: 'API token',
}
const CAME_BY: Record<DeviceDescription['via'], string> = {
  login: 'a password',
  link: 'a one-time link',
  'sign-in': 'a sign-in over the API',
  token: 'the token form',
  visit: 'a first visit',
}

export interface CredentialRow {
  kind: string
  device: string
  handle: string
  cameBy: string
  /** '' for a credential that is not bound. */
  bound: string
  /** Whether the browser of this request has the credential, and whether another session of the user has it. */
  whose: 'this browser' | 'this session' | 'another session'
}

/** Everything that opens a session of the user: browsers, one-time links and API tokens. */
export function credentialRows(
  sessions: readonly SessionDescription[],
  { sessionId, handle, now }: { sessionId: string; handle: string | undefined; now: number },
): CredentialRow[] {
  return sessions
    .flatMap(({ id, devices }) =>
      devices.map(
        (device): CredentialRow => ({
          kind: KINDS[device.kind],
          device: deviceOf(device),
          handle: device.handle,
          bound: device.boundSince ? `bound to a key of the browser ${formatAgo(device.boundSince, now)}` : '',
          cameBy: `${CAME_BY[device.via]}, ${formatAgo(device.createdAt, now)}`,
          whose: id !== sessionId ? 'another session' : device.handle === handle ? 'this browser' : 'this session',
        }),
      ),
    )
    .slice(0, MOST)
}

function deviceOf({ kind, name, device }: DeviceDescription): string {
  if (name !== '') return name
  if (device !== null) return describeDevice(device)
  return kind === 'otp' ? 'not opened yet' : 'unknown'
}
