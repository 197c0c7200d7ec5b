import type { Config } from '../../config/config.ts'
import { deviceBinding, sessionHandler, tokenHandler } from '../../session/fetch/index.ts'
import { createSessions, type Session, type SessionStore } from '../../session/index.ts'
import { manualClock } from '../../session/testing/manual-clock.ts'
import type { Exchange } from '../browser.ts'
import type { Shown } from '../contestant.ts'

export type SiteConfig = Pick<
  Config,
  'sessionIdleMinutes' | 'sessionAbsoluteHours' | 'sessionTimeoutMinutes' | 'deviceBindingMinutes'
>

/** Where a request comes from. A probe does not count as activity of the user. */
interface From {
  address: string
  isProbe: boolean
}

export const SITE_ORIGIN = 'https://sandbox.example'
const BINDING_MINUTES = 10
// A sweep leaves a session for this time, because the clocks of other processes may be behind. Here are no others.
const SWEEP_MARGIN_MILLISECONDS = 5 * 60_000

export type Site = ReturnType<typeof createSite>

/**
 * A site with sessions of its own, a manual clock and the timeouts of the demo. It needs no network.
 * - `GET /page` says who the user is. `POST /login` logs in the query's `user`, with `days` for “Stay logged in”.
 * - `POST /link` makes a one-time link that is valid for the query's `seconds`. A GET of the link does not redeem it.
 * - `GET /api` is the same as `/page`, for a bearer token.
 */
export function createSite(config: SiteConfig, store: SessionStore) {
  const { sessionIdleMinutes, sessionAbsoluteHours, sessionTimeoutMinutes, deviceBindingMinutes } = config
  const clock = manualClock()
  const bindingMinutes = deviceBindingMinutes || BINDING_MINUTES
  const options = {
    appName: 'SANDBOX',
    store,
    roles: { owner: ['viewPage'] },
    idleTimeoutMinutes: sessionIdleMinutes,
    absoluteHours: { web: sessionAbsoluteHours },
    ...(sessionTimeoutMinutes !== undefined && { sessionTimeoutMinutes }),
    deviceBinding: { minutes: bindingMinutes },
    sweepSeconds: 0,
  }
  const manager = createSessions({ ...options, clock })
  const ahead = { ...clock, now: () => clock.now() + SWEEP_MARGIN_MILLISECONDS }
  const sweeper = createSessions({ ...options, clock: ahead })
  // The demo has the same timeouts, and has already reported their warning.
  for (const { on } of [manager, sweeper]) on('warning', () => {})

  const address = (_: Request, from: From) => from.address
  const bindDevice = deviceBinding(manager, { address })
  const page = sessionHandler(manager, async (request, session) => Response.json(await answer(request, session)), {
    address,
    touch: (_, { isProbe }: From) => !isProbe,
  })
  const api = tokenHandler(manager, (_, { userName: user }) => Response.json({ user }), { address })

  return {
    clock,
    manager,
    bindingMinutes,
    /** The connection of a client. */
    connect(from: From): Exchange {
      return async (method, path, headers) => {
        const request = new Request(SITE_ORIGIN + path, { method, headers })
        if (path === '/api') return api(request, from)
        return (await bindDevice(request, from)) ?? page(request, from)
      }
    },
    /** Ends all that has expired. */
    sweep: () => sweeper.sweep(),
    onEnded(listener: Parameters<typeof manager.on<'ended'>>[1]) {
      for (const { on } of [manager, sweeper]) on('ended', listener)
    },
  }
}

async function answer({ url }: Request, session: Session<Record<string, unknown>, string, 'owner'>): Promise<Shown> {
  const { pathname, searchParams } = new URL(url)
  const number = (name: string) => Number(searchParams.get(name))
  let link = ''
  if (pathname === '/login') {
    const user = searchParams.get('user') ?? ''
    const remember = number('days') > 0 && { remember: { days: number('days') } }
    await session.setPrivileges({ roles: ['owner'], userName: user, userId: user }, { login: true, ...remember })
  }
  if (pathname === '/link')
    link = `/page?$4DSID=${await session.createOTP({ confirm: true, lifespan: number('seconds') })}`
  const { id, userName, offer, bindingFailed } = session
  return {
    user: userName === '' ? null : userName,
    notes: [],
    id,
    link,
    question: offer !== undefined,
    isUnproved: bindingFailed !== false,
  }
}
