import type { Context, Next } from 'koa'
import { describeDevice } from '../web/device-description.ts'
import { formatTime } from '../web/format.ts'
import { bestEffort, type CrmSession } from './crm-session.ts'
import type { CrmStorage } from './crm-storage.ts'

/** Stores that a one-time link has signed in this device, so that another device of the session shows a notice. */
export function noteJoinedDevice(clock: { now(): number }) {
  return async function noteJoinedDevice(ctx: Context, next: Next) {
    const { session } = ctx
    // The response has no new cookie if the link is for one request, or if this device already has the link's session.
    if (session?.restored && session.deviceHandle !== undefined && ctx.res.hasHeader('Set-Cookie')) {
      const { deviceHandle: handle } = session
      const joined = { handle, at: new Date(clock.now()).toISOString(), device: describeDevice(ctx.get('User-Agent')) }
      await bestEffort(
        session.use((storage) => {
          storage.joined = joined
        }),
      )
    }
    await next()
  }
}

type Told = Pick<CrmSession, 'deviceHandle' | 'isGuest'>

/** Returns what to tell this device about a device that a link has signed in. '' if there is nothing to tell. */
export function aboutJoinedDevice({ joined }: Readonly<Pick<CrmStorage, 'joined'>>, session: Told): string {
  if (joined === undefined || session.deviceHandle === undefined || joined.handle === session.deviceHandle) return ''
  const fact = `A one-time link opened it on another device at ${formatTime(joined.at)}: ${joined.device}.`
  // A guest has no list of devices.
  return session.isGuest() ? fact : `${fact} If that was not you, sign it out on the page “Your devices”.`
}

/** Returns the text once. Only a page that the user sees may call this function. */
export async function takeJoinedDevice(session: CrmSession): Promise<string> {
  if (aboutJoinedDevice(session.storage, session) === '') return ''
  return session.use((storage) => {
    const text = aboutJoinedDevice(storage, session)
    if (text !== '') delete storage.joined
    return text
  })
}
