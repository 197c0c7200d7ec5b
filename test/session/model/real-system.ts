import assert from 'node:assert/strict'
import type { Clock } from '../../../src/session/core/clock.ts'
import {
  createSessions,
  type SessionOptions,
  type SessionStore,
  type Sessions,
  type TokenSession,
} from '../../../src/session/index.ts'
import { type LayerSession, ROLES, type Storage } from '../support/layer.ts'
import { directWire, type Wire } from './direct-client.ts'
import { httpWire } from './http-client.ts'
import type { ModelCredential, Rules } from './model.ts'
import type { View } from './model-visit.ts'

export const PATHS = ['/office', '/office/desk', '/lobby'] as const
export const START = Date.UTC(2026, 0, 5, 9)

export interface World {
  readonly appName: string
  readonly store: SessionStore
  readonly manager: Sessions<Storage>
  readonly wire: Wire
  readonly time: { now: number }
  readonly secrets: Map<ModelCredential, string>
  readonly linkTokens: string[]
  /** Sessions that ended since the last check. */
  reported: string[]
}

let worlds = 0

/** Starts an application on this store. The application has no timers: commands advance the clock and sweep. */
export async function openWorld(store: SessionStore, rules: Rules, overHttp: boolean): Promise<World> {
  const time = { now: START }
  const clock: Clock = { now: () => time.now, after: () => () => {} }
  const options: SessionOptions = {
    appName: `MODEL_${++worlds}`,
    store,
    clock,
    guests: rules.guests,
    secureCookie: false,
    sweepSeconds: 0,
    maxCredentials: 1000,
    maxOTPs: 1000,
    ...(rules.maxSessions !== undefined && { maxSessions: rules.maxSessions }),
    ...(rules.maxSessionsPerUser !== undefined && { maxSessionsPerUser: rules.maxSessionsPerUser }),
    ...ROLES,
  }
  const { wire, manager } = overHttp
    ? await httpWire(PATHS, { ...options, clock: withoutTimers(clock) })
    : direct(options)
  const world: World = {
    appName: options.appName,
    store,
    manager,
    wire,
    time,
    secrets: new Map(),
    linkTokens: [],
    reported: [],
  }
  manager.on('ended', ({ id, reason }) => world.reported.push(`${id} ${reason}`))
  return world
}

export function viewOf(session: LayerSession): View {
  return {
    id: session.id,
    userName: session.userName,
    userId: session.userId ?? null,
    privileges: session.getPrivileges().sort(),
    isGuest: session.isGuest(),
    storage: { ...session.storage },
    authenticatedAt: session.authenticatedAt?.getTime() ?? null,
    restored: session.restored,
    hasMessage: session.hasMessage,
    offer: session.offer && `${session.offer.userName} instead of ${session.offer.instead}`,
  }
}

export function viewOfToken(session: TokenSession<Storage>) {
  const { id, isNew, userName, userId = null, sessionVars } = session
  return { id, isNew, userName, userId, privileges: session.getPrivileges().sort(), variables: { ...sessionVars } }
}

/** The cookie's new value. `null`: the response deletes the cookie. `undefined`: the response sets no cookie. */
export function cookieIn(setCookies: readonly string[]): string | null | undefined {
  assert.ok(setCookies.length <= 1, `one session Set-Cookie at most, got ${setCookies.length}`)
  const value = setCookies[0]?.slice(setCookies[0].indexOf('=') + 1).split(';')[0]
  return value === '' ? null : value
}

function direct(options: SessionOptions) {
  const manager = createSessions<Storage>(options)
  return { manager, wire: directWire(manager) }
}

function withoutTimers(clock: Clock) {
  return { ...clock, advance: () => {} }
}
