import type { Context } from 'koa'
import { currentSession, signedIn } from '../../crm-session/crm-session.ts'
import { SessionError } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { formatMoment } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { OWN_DEVICES_PAGE } from '../sign-in/start-pages.ts'
import {
  endOtherDevices,
  endOwnDevice,
  type Here,
  type OwnDevice,
  ownDevices,
  type SessionsOfDevices,
} from './own-devices.ts'
import { leaveNote, type PageNote, takeNote } from './page-notes.ts'

export interface DevicesPage extends PageModel {
  /** What was just done, or was not; '' for nothing. */
  notice: string
  devices: {
    what: string
    isThis: boolean
    facts: { label: string; value: string }[]
    /** '' for this device, which logs out instead. */
    endAction: string
    endLabel: string
  }[]
  /** How many there are beside those shown. */
  more: number
}

const HOW: Record<OwnDevice['via'], string> = {
  login: 'Password',
  link: 'One-time link, no password',
  'sign-in': 'Sign-in over the API',
  token: 'API token',
  visit: 'A first visit',
}

const NOTICES = {
  'device-ended': 'That device is signed out.',
  'others-ended':
    'All other devices are signed out, and all API tokens and open links have ended. This one stays signed in.',
} satisfies Partial<Record<PageNote, string>>

const CONFIRM_PAGE = `/account/confirm?next=${encodeURIComponent(OWN_DEVICES_PAGE)}`

/** `/account/sessions`: where somebody is signed in. The list stands behind `requireUser`; the buttons ask themselves. */
export function devicePages({ sessions }: { sessions: SessionsOfDevices | null }) {
  return {
    async list(ctx: Context) {
      const { session } = signedIn(ctx)
      let notice = ''
      for (const note of ['device-ended', 'others-ended'] as const)
        if (await takeNote(session, note)) notice = NOTICES[note]
      await showList(ctx, notice)
    },

    /** Signs one device out; pressed on this device's own, it is a log out. */
    end: whoeverIsSignedIn(async (ctx) => {
      const { session } = signedIn(ctx)
      if (param(ctx, 'handle') !== session.deviceHandle && asksPassword(ctx)) return
      const ended = await endOwnDevice(required(), hereOf(ctx), { id: param(ctx, 'id'), handle: param(ctx, 'handle') })
      if (ended === 'own') return goTo(ctx, '/')
      if (ended) return goBackWith(ctx, 'device-ended')
      ctx.status = 404
      await showList(ctx, 'There is no such device of yours: it was signed out before. Nothing was changed.')
    }),

    endOthers: whoeverIsSignedIn(async (ctx) => {
      if (asksPassword(ctx)) return
      await endOtherDevices(required(), hereOf(ctx))
      await goBackWith(ctx, 'others-ended')
    }),

    /** Ends everything of this user, this session last: whoever does not get through is still signed in, and sees it. */
    endAll: whoeverIsSignedIn(async (ctx) => {
      if (asksPassword(ctx)) return
      const { session, userId, origin } = hereOf(ctx)
      await required().endMany({ userId, exceptId: session.id }, 'revoked', { cause: origin })
      await session.close()
      ctx.set('Clear-Site-Data', '"cache", "storage"')
      goTo(ctx, '/')
    }),
  }

  async function showList(ctx: Context, notice: string): Promise<void> {
    const { devices, more } = await ownDevices(required(), hereOf(ctx))
    ctx.show<DevicesPage>('account/sessions', { title: 'Your devices', notice, devices: devices.map(cardOf), more })
  }

  function required(): SessionsOfDevices {
    if (sessions === null) throw new TypeError('devicePages() found no sessions: put requireUser() before it.')
    return sessions
  }
}

/**
 * A button that was pressed twice, or on a page that has stood open for long, comes with a cookie that is no good any more: the page is
 * asked for again then, by whoever has the newer one, and everybody else is asked to log in there.
 */
function whoeverIsSignedIn(press: (ctx: Context) => Promise<void>) {
  return async function whoeverIsSignedIn(ctx: Context) {
    const session = currentSession(ctx)
    if (session.userId === undefined || session.isGuest()) return goTo(ctx, OWN_DEVICES_PAGE)
    try {
      await press(ctx)
    } catch (error) {
      // The other press, or somebody else, was a moment earlier.
      if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
      goTo(ctx, OWN_DEVICES_PAGE)
    }
  }
}

/** Whoever came by a link, and never typed the password, must not throw out the one who did: he is asked for it first. */
function asksPassword(ctx: Context): boolean {
  if (signedIn(ctx).session.authenticatedAt !== null) return false
  goTo(ctx, CONFIRM_PAGE)
  return true
}

async function goBackWith(ctx: Context, note: keyof typeof NOTICES): Promise<void> {
  await leaveNote(currentSession(ctx), note)
  goTo(ctx, OWN_DEVICES_PAGE)
}

function hereOf(ctx: Context): Here {
  return { ...signedIn(ctx), origin: originOf(ctx) }
}

function cardOf({ sessionId, handle, via, userAgent, address, name, since, seen, isThis }: OwnDevice) {
  const browser = describeDevice(userAgent)
  return {
    what: name === '' ? browser : name,
    isThis,
    facts: [
      ...(name === '' ? [] : [{ label: 'Used by', value: browser }]),
      { label: via === 'token' ? 'Made' : 'Signed in', value: formatMoment(since.toISOString()) },
      { label: 'Last seen', value: isThis ? 'Now' : formatMoment(seen.toISOString()) },
      { label: 'Address', value: address ?? 'Unknown' },
      { label: 'Came by', value: HOW[via] },
    ],
    endAction: isThis ? '' : `${OWN_DEVICES_PAGE}/${sessionId}/${handle}/end`,
    endLabel: via === 'token' ? 'Revoke' : 'Sign out',
  }
}

function param(ctx: Context, name: string): string {
  return String(ctx.params[name])
}

function goTo(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
