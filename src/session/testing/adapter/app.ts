import { createSessions, type Session, type Sessions, type TokenSession } from '../../index.ts'
import { memoryStore } from '../../stores/memory/index.ts'

interface ContractStorage {
  count?: number
}

type Privilege = 'viewReports' | 'viewPages' | 'WebAdmin'
type Role = 'clerk' | 'reader'
export type ContractSession = Session<ContractStorage, Privilege, Role>
export type ContractManager = Sessions<ContractStorage, Privilege, Role>

/**
 * What a server of the contract sends. With `isStreamed`, the server writes `body` before it ends the response. With
 * `ends`, the server writes `body`, and ends the response when `ends` aborts.
 */
export interface ContractAnswer {
  status: number
  headers?: Record<string, string>
  body?: string
  isStreamed?: boolean
  ends?: AbortSignal
}

/** The paths of gates with options: `requireUser`, `requirePrivilege('viewReports')` and `requireRecentLogin`. */
export const CONTRACT_GATES = {
  '/own': { loginPath: '/sign-in' },
  '/reports': { loginPath: '/sign-in' },
  '/danger': { withinMinutes: 5, proof: 'password', confirmPath: '/confirm' },
} as const

/** The path of the gate `requireDeviceBinding`. */
export const BOUND_PATH = '/bound'

// One server of the contract runs at a time in a process.
let outages = 0
let laterMilliseconds = 0
const ELEVEN_MINUTES = 11 * 60_000
const timers = new Set<object>()

export function contractManager(guests: 'first-request' | 'first-write'): ContractManager {
  const store = memoryStore()
  laterMilliseconds = 0
  return createSessions({
    appName: 'CONTRACT',
    store: { ...store, find: (call) => (outages-- > 0 ? Promise.reject(new Error('an outage')) : store.find(call)) },
    clock: { now: () => Date.now() + laterMilliseconds, after: countedTimer },
    guests,
    deviceBinding: {},
    roles: { clerk: ['viewReports'], reader: ['viewPages'] },
  }) as unknown as ContractManager
}

/** A request that waits for the end of its session has a timer. */
function countedTimer(milliseconds: number, run: () => void): () => void {
  const cancel = () => {
    clearTimeout(timer)
    timers.delete(timer)
  }
  const timer = setTimeout(() => {
    cancel()
    run()
  }, milliseconds)
  timer.unref()
  timers.add(timer)
  return cancel
}

/**
 * The application of `proveAdapter`. A server of the contract calls this function for each request after the gates, and
 * sends the answer. The server must not wait for anything else.
 * @param current returns the current session of the framework's request, for instance `ctx.session`. Leave this
 * parameter out if the adapter passes the session only to the handler.
 */
export async function contractAnswer(
  method: string,
  path: string,
  session: ContractSession,
  current?: () => ContractSession,
): Promise<ContractAnswer> {
  const run = method === 'POST' ? POST[path] : GET[path]
  return run ? run(session, current) : { status: 404, body: 'There is no such page.' }
}

type Run = (session: ContractSession, current?: () => ContractSession) => ContractAnswer | Promise<ContractAnswer>

const CLERK = { userName: 'Ana Lima', roles: ['clerk'] } as const
const HOME = { Location: '/' }

const page = () => ({ status: 200, headers: { 'Content-Type': 'text/html' }, body: '<p>A page</p>' })

const GET: Record<string, Run | undefined> = {
  '/': page,
  '/own': page,
  '/reports': page,
  '/danger': page,
  [BOUND_PATH]: page,
  '/empty': () => ({ status: 204 }),
  '/unchanged': () => ({ status: 304, headers: { ETag: '"1"' } }),
  '/state': ({ userName, storage, id }) => ({
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ userName, count: storage.count ?? 0, id }),
  }),
  '/streamed': () => ({ ...page(), isStreamed: true }),
  '/never': ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ status: 500 }))),
  '/watchers': () => ({ status: 200, body: String(timers.size) }),
  '/link': async (session) => ({ status: 200, body: await session.createOTP() }),
  '/stream': ({ signal }) => ({
    status: 200,
    headers: { 'Content-Type': 'text/event-stream' },
    body: 'data: open\n\n',
    ends: signal,
  }),
}

const POST: Record<string, Run | undefined> = {
  '/login': async (session) => {
    await session.setPrivileges({ ...CLERK, userId: '4' }, { login: true, proof: 'password' })
    return { status: 303, headers: { ...HOME, 'Set-Cookie': 'flavour=plain', 'Cache-Control': 'public, max-age=60' } }
  },
  '/login-plain': async (session) => {
    await session.setPrivileges({ userId: '5', userName: 'Ben Ode', roles: ['reader'] }, { login: true })
    return { status: 303, headers: HOME }
  },
  // Without `await`. The response must wait for the login.
  '/login-late': (session) => {
    void session.setPrivileges({ ...CLERK, userId: '4' }, { login: true })
    return { status: 303, headers: HOME }
  },
  '/login-and-throw': async (session) => {
    await session.setPrivileges({ ...CLERK, userId: '4' }, { login: true })
    throw new Error('the handler of /login-and-throw fails')
  },
  '/secure': async (session, current) => {
    const secured = await session.secureSession({ keepStorage: true })
    return { status: 200, body: (current?.() ?? secured).id }
  },
  '/count': async (session) => {
    await session.use((storage) => {
      storage.count = (storage.count ?? 0) + 1
    })
    return { status: 200, body: String(session.storage.count) }
  },
  // The write is under way for half a second.
  '/count-slowly': async (session) => {
    await session.use(async (storage) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      storage.count = (storage.count ?? 0) + 1
    })
    return { status: 200 }
  },
  // Bound cookies end after ten minutes.
  '/later': () => {
    laterMilliseconds += ELEVEN_MINUTES
    return { status: 200 }
  },
  // The next request of a session fails.
  '/outage': () => {
    outages = 1
    return { status: 200 }
  },
  '/logout': async (session) => {
    await session.close()
    return { status: 303, headers: HOME }
  },
}

/** What a server of `proveUpgrade` sends after an upgrade. */
export async function contractUpgradeText(session: ContractSession): Promise<string> {
  const refused = await session.setPrivileges(CLERK, { login: true }).catch(({ code }) => code)
  return `${session.userName || 'a guest'}: ${refused}`
}

/** The same for requests whose path begins with `/api/`: mount `tokenSessions(manager, { mount: '/api' })`. */
export async function contractApiAnswer(
  path: string,
  session: TokenSession<ContractStorage, Privilege, Role>,
): Promise<ContractAnswer> {
  return { status: 200, body: path === '/api/signin' ? await session.newSession('4', CLERK) : (session.userId ?? '') }
}
