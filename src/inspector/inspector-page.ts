import type { Context } from 'koa'
import type { Config } from '../config/config.ts'
import { type CrmSession, type CrmSessions, shownSession } from '../crm-session/crm-session.ts'
import type { SessionDescription } from '../session/index.ts'
import { formatCount, formatExactTime, formatTimeLeft } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { type CookieAttribute, explainAttributes, usualAttributes } from './cookie-attributes.ts'
import { type CredentialRow, credentialRows } from './credential-rows.ts'
import { privilegeSources } from './privilege-sources.ts'
import { INSPECTOR_PATH } from './request-recorder.ts'
import type { RouteSources } from './route-sources.ts'
import { type Comparison, compare } from './session-state.ts'
import type { Trace } from './trace.ts'
import { stepsTo, TRACES_PER_SESSION, type TraceRing } from './trace-ring.ts'

interface InspectorPage extends PageModel {
  /** Why the page shows no request. '' when it shows one. */
  problem: string
  requests: { href: string; text: string; isShown: boolean }[]
  steps: Step[]
  /** Undefined without a session. */
  session: SessionNow | undefined
}

interface Step {
  heading: string
  status: string
  changed: Comparison[]
  unchanged: Comparison[]
  /** The route, its handler and the view, each with file and line. */
  sources: { label: string; name: string; place: string }[]
  calls: { operation: string; failed: boolean; milliseconds: string }[]
  callsText: string
}

interface SessionNow {
  cookie: { name: string; value: string; attributes: CookieAttribute[] }
  times: { label: string; text: string; seconds: number | undefined }[]
  privileges: { privilege: string; source: string }[]
  credentials: CredentialRow[]
}

export interface InspectorParts {
  config: Pick<Config, 'webConcurrency'>
  clock: { now(): number }
  sessions: Pick<CrmSessions, 'get' | 'list' | 'cookieName' | 'cookieScope'> | null
  ring: TraceRing
  routes: RouteSources
}

const NOT_FOUND = `This request has no trace here. A session sees only its own ${TRACES_PER_SESSION} newest requests, and a restart of the server forgets them.`
const OTHER_PROCESS =
  'This server runs several processes, so another process may have answered the request. Reload this page to ask again.'
const NO_SESSION = 'This browser has no stored session, so there is nothing to show. Open another page to begin one.'
const NO_REQUEST = 'No request of this session has a trace yet. Open another page first.'
const MOST_SESSIONS_OF_USER = 20

/** Shows a request of the browser's session: the request of `?request=ID`, or the newest one. */
export function inspectorPage({ config, clock, sessions, ring, routes }: InspectorParts) {
  return async function inspectorPage(ctx: Context) {
    const session = shownSession(ctx)
    const stored = session?.deviceHandle === undefined ? undefined : session
    const traces = stored === undefined ? [] : ring.of(stored.id)
    const { request } = ctx.query
    const trace = request === undefined ? traces.at(-1) : traces.find(({ requestId }) => requestId === request)
    if (request !== undefined && trace === undefined) ctx.status = 404
    ctx.show<InspectorPage>('inspector/page', {
      title: 'Under the hood',
      problem: trace === undefined ? problemOf(session, request !== undefined) : '',
      requests: traces.toReversed().map((one) => ({
        href: `${INSPECTOR_PATH}?request=${one.requestId}`,
        text: `${formatExactTime(one.at)} · ${one.method} ${one.address}`,
        isShown: one === trace,
      })),
      steps: trace === undefined ? [] : stepsTo(trace, traces).map(stepOf),
      session: sessions && stored ? await sessionNow(sessions, stored) : undefined,
    })
  }

  function problemOf(session: CrmSession | null | undefined, isWanted: boolean): string {
    if (session === null) return 'This server runs without sessions (SESSIONS=none).'
    if (session?.deviceHandle === undefined) return NO_SESSION
    const problem = isWanted ? NOT_FOUND : NO_REQUEST
    return config.webConcurrency > 1 ? `${problem} ${OTHER_PROCESS}` : problem
  }

  function stepOf(trace: Trace): Step {
    const source = trace.route === '' ? undefined : routes.find(trace.method, trace.route)
    const rows = compare(trace.before, trace.after)
    const time = trace.calls.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    return {
      heading: `${trace.method} ${trace.address}`,
      status: `${trace.status}${trace.redirectedTo && ` to ${trace.redirectedTo}`}, ${inMilliseconds(trace.milliseconds)}`,
      changed: rows.filter(({ change }) => change !== ''),
      unchanged: rows.filter(({ change }) => change === ''),
      sources: [
        { label: 'Route', name: trace.route || 'none', place: source?.declaredAt ?? '' },
        { label: 'Handler', name: source?.handler || 'none', place: source?.handlerAt ?? '' },
        { label: 'View', name: trace.view || 'none', place: trace.view && `views/${trace.view}.eta:1` },
      ],
      calls: trace.calls.map(({ operation, outcome, milliseconds }) => ({
        operation,
        failed: outcome === 'error',
        milliseconds: inMilliseconds(milliseconds),
      })),
      callsText: `${formatCount(trace.calls.length + trace.moreCalls, 'store call', 'store calls')}, ${inMilliseconds(time)}`,
    }
  }

  async function sessionNow(manager: NonNullable<typeof sessions>, session: CrmSession): Promise<SessionNow> {
    const now = clock.now()
    const described = await describe(manager, session)
    const own = described.find(({ id }) => id === session.id)
    return {
      cookie: {
        name: manager.cookieName,
        value: `${session.id}.•••`,
        attributes: explainAttributes(ring.cookieOf(session.id) ?? usualAttributes(manager)),
      },
      times: [
        timeLeft('Idle timeout', own?.idleEndTime ?? null, now),
        timeLeft('Absolute timeout', own?.absoluteEndTime ?? null, now),
      ],
      privileges: privilegeSources(session.getPrivileges()),
      credentials: credentialRows(described, { sessionId: session.id, handle: session.deviceHandle, now }),
    }
  }
}

/** Describes the sessions of the user. Each API token has a session of its own. */
async function describe(
  sessions: Pick<CrmSessions, 'get' | 'list'>,
  { id, userId }: CrmSession,
): Promise<SessionDescription[]> {
  const own = await sessions.get(id)
  const all = userId === undefined ? [] : (await sessions.list({ userId }, { size: MOST_SESSIONS_OF_USER })).sessions
  return [...(own ? [own] : []), ...all.filter((one) => one.id !== id && one.state === 'live')]
}

function timeLeft(label: string, end: Date | null, now: number): SessionNow['times'][number] {
  const seconds = end === null ? undefined : Math.max(0, Math.round((end.getTime() - now) / 1000))
  return { label, text: formatTimeLeft(end, now), seconds }
}

function inMilliseconds(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`
}
