import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { type CrmSessions, currentSession, sessionsBehindGuard, signedIn } from '../../crm-session/crm-session.ts'
import { ENDED_BY_USER } from '../../crm-session/end-messages.ts'
import { type Flash, redirectWithFlash } from '../../crm-session/flash.ts'
import { SessionError } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { formatCount, formatMoment } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { endStaleSessions } from '../people/stale-sessions.ts'
import { OWN_DEVICES_PAGE } from '../sign-in/start-pages.ts'
import {
  endOtherDevices,
  endOwnDevice,
  type OwnDevice,
  ownDevices,
  type SessionsOfDevices,
  type UserRequest,
} from './own-devices.ts'

interface DevicesPage extends PageModel {
  notice: string
  devices: {
    what: string
    isThis: boolean
    facts: { label: string; value: string }[]
    /** The path that the sign-out button posts to. '' for the current device, which has a logout button instead. */
    endAction: string
    endLabel: string
  }[]
  /** The number of devices that are not shown, as text. '' when all are shown. */
  more: string
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
} satisfies Partial<Record<Flash, string>>

const CONFIRM_PAGE = `/account/confirm?next=${encodeURIComponent(OWN_DEVICES_PAGE)}`

interface DevicePageParts {
  database: Kysely<Database>
  sessions: (SessionsOfDevices & Pick<CrmSessions, 'storage' | 'bindingEndpoints'>) | null
}

/** The pages at `/account/sessions`. Mount `list` behind `requireUser`. The actions redirect guests. */
export function devicePages({ database, sessions }: DevicePageParts) {
  return {
    async list(ctx: Context) {
      await endStaleSessions(database, required(), signedIn(ctx))
      const { session } = signedIn(ctx)
      const done = (await session.takeFlash(Object.keys(NOTICES) as (keyof typeof NOTICES)[])).at(-1)
      await showList(ctx, done ? NOTICES[done] : '')
    },

    end: whileSignedIn(async (ctx) => {
      const { id, handle } = ctx.params as { id: string; handle: string }
      if (handle !== signedIn(ctx).session.deviceHandle && needsStepUp(ctx)) return
      const ended = await endOwnDevice(required(), requestOf(ctx), { id, handle })
      if (ended === 'own') return goTo(ctx, '/')
      // A second click finds no device, and has the same result as the first one.
      await redirectWithFlash(ctx, OWN_DEVICES_PAGE, 'device-ended')
    }),

    endOthers: whileSignedIn(async (ctx) => {
      if (needsStepUp(ctx)) return
      await endOtherDevices(required(), requestOf(ctx))
      await redirectWithFlash(ctx, OWN_DEVICES_PAGE, 'others-ended')
    }),

    /** Signs out all devices. Closes the current session last, so that the user can try again after a failure. */
    endAll: whileSignedIn(async (ctx) => {
      if (needsStepUp(ctx)) return
      const { session, userId, origin } = requestOf(ctx)
      const message = ENDED_BY_USER.signOut
      await required().endMany({ userId, exceptId: session.id }, 'revoked', { cause: origin, message })
      await session.close()
      ctx.set('Clear-Site-Data', '"cache", "storage"')
      goTo(ctx, '/')
    }),
  }

  async function showList(ctx: Context, notice: string): Promise<void> {
    const { devices, more } = await ownDevices(required(), requestOf(ctx))
    ctx.show<DevicesPage>('account/sessions', {
      title: 'Your devices',
      notice,
      devices: devices.map((device) =>
        cardOf(device, {
          password: signedIn(ctx).session.proofs.password,
          bindsDevices: required().bindingEndpoints !== undefined,
        }),
      ),
      more: more === 0 ? '' : formatCount(more),
    })
  }

  function required() {
    return sessionsBehindGuard(sessions, 'devicePages()')
  }
}

/** Runs an action for a signed-in user. Redirects a guest to the list of devices, which asks for a login. */
function whileSignedIn(action: (ctx: Context) => Promise<void>) {
  return async function whileSignedIn(ctx: Context) {
    const session = currentSession(ctx)
    if (session.userId === undefined || session.isGuest()) return goTo(ctx, OWN_DEVICES_PAGE)
    try {
      await action(ctx)
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
      goTo(ctx, OWN_DEVICES_PAGE)
    }
  }
}

/** Asks for the password if a link signed this device in. Signing out other devices requires a password. */
function needsStepUp(ctx: Context): boolean {
  if (signedIn(ctx).session.authenticatedAt !== null) return false
  goTo(ctx, CONFIRM_PAGE)
  return true
}

function requestOf(ctx: Context): UserRequest {
  return { ...signedIn(ctx), origin: originOf(ctx) }
}

function cardOf(
  { sessionId, handle, via, userAgent, address, name, since, seen, isThis, boundSince }: OwnDevice,
  { password, bindsDevices }: { password: Date | undefined; bindsDevices: boolean },
) {
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
      ...(bindsDevices && boundSince !== undefined ? [{ label: 'Key', value: keyOf(boundSince) }] : []),
      ...(isThis && password ? [{ label: 'Password entered', value: formatMoment(password) }] : []),
    ],
    endAction: isThis ? '' : `${OWN_DEVICES_PAGE}/${sessionId}/${handle}/end`,
    endLabel: via === 'token' ? 'Revoke' : 'Sign out',
  }
}

function keyOf(boundSince: Date | null): string {
  return boundSince ? `Bound to this device’s key since ${formatMoment(boundSince)}` : 'Not bound'
}

function goTo(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
