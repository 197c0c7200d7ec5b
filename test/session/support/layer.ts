import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import {
  createSessions,
  type Session,
  type SessionOptions,
  type SessionStore,
  type Sessions,
} from '../../../src/session/index.ts'
import {
  deviceBinding,
  type SessionContext,
  type SessionsOptions,
  sessions,
  type TokenSessionsOptions,
  tokenSessions,
} from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { type ManualClock, manualClock } from '../../../src/session/testing/manual-clock.ts'
import type { Scope } from '../../support/process.ts'
import { Visitor } from '../../support/visitor.ts'

export type Storage = Record<string, any>
export type LayerSession = Session<Storage>
export type LayerContext = Koa.ParameterizedContext<Koa.DefaultState, Pick<SessionContext<Storage>, 'session'>>

/** A handler of a page. The server sends its result as JSON. */
export type Handler = (session: LayerSession, ctx: LayerContext) => unknown

/** The functions of one version of the layer that tests call. */
export interface Release {
  createSessions: typeof createSessions
  sessions: typeof sessions
  tokenSessions: typeof tokenSessions
}

export interface Layer {
  url: string
  clock: ManualClock
  store: SessionStore
  manager: Sessions<Storage>
  visitor(): LayerVisitor
}

/** A visitor of a server whose pages send JSON. */
export class LayerVisitor extends Visitor {
  readonly #url: string

  constructor(url: string) {
    super(url, () => {})
    this.#url = url
  }

  override copy(): LayerVisitor {
    const copy = new LayerVisitor(this.#url)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }

  async read<T = any>(path: string, headers: Record<string, string> = {}): Promise<T> {
    return JSON.parse((await this.get(path, headers)).text) as T
  }
}

export { STORES } from './stores.ts'

export const ROLES = {
  privileges: { manageCustomers: ['viewCustomers'], viewCustomers: ['viewStart'], viewStart: [], audit: [] },
  roles: { salesperson: ['viewCustomers'], manager: ['manageCustomers', 'audit'] },
}

/** A Koa server with the session layer and these pages, on a manual clock. */
export async function startLayer(
  scope: Scope,
  pages: Record<string, Handler>,
  {
    clock = manualClock(),
    touch,
    onRequestEnd,
    requestId,
    tokens,
    listensToWarnings = true,
    release = { createSessions, sessions, tokenSessions },
    ...options
  }: Partial<SessionOptions> &
    SessionsOptions<LayerContext> & {
      clock?: ManualClock
      /** Requests below `tokens.mount` get REST sessions. */
      tokens?: TokenSessionsOptions<LayerContext>
      /** `false`: warnings go to `process.emitWarning`, because the manager has no listener for them. */
      listensToWarnings?: boolean
      /** Default: the current version of the layer. */
      release?: Release
    } = {},
): Promise<Layer> {
  const store = options.store ?? memoryStore()
  const manager = release.createSessions<Storage>({
    appName: 'TEST',
    secureCookie: options.deviceBinding !== undefined,
    ...ROLES,
    ...options,
    clock,
    store,
  })
  if (listensToWarnings) manager.on('warning', () => {})
  const app = new Koa<Koa.DefaultState, { session: LayerSession }>()
  app.silent = true
  const glue = { ...(touch && { touch }), ...(onRequestEnd && { onRequestEnd }), ...(requestId && { requestId }) }
  if (tokens) app.use(release.tokenSessions(manager, tokens))
  if (options.deviceBinding) app.use(deviceBinding(manager, requestId ? { requestId } : {}))
  app.use(release.sessions(manager, glue))
  app.use(async (ctx) => {
    const page = pages[ctx.path]
    if (!page) return
    const answer = await page(ctx.session, ctx)
    if (!ctx.headerSent && ctx.respond !== false) ctx.body = JSON.stringify(answer ?? null)
  })
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.after(async () => {
    await manager.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, clock, store, manager, visitor: () => new LayerVisitor(url) }
}

export const PAGES: Record<string, Handler> = {
  '/read': describe,
  '/write': async (session, ctx) => {
    const { key = 'key', value = '1' } = ctx.query as Record<string, string>
    await session.use((storage) => {
      storage[key] = value
    })
    return describe(session)
  },
  '/login': async (session, ctx) => {
    const { user = 'Ana Lima', id = '4', privileges = 'viewCustomers' } = ctx.query as Record<string, string>
    await session.setPrivileges({ userName: user, userId: id, privileges }, { login: true })
    return describe(session)
  },
  '/logout': async (session) => {
    await session.close()
    return describe(session)
  },
}

export interface Described {
  id: string
  isNew: boolean
  isGuest: boolean
  userName: string
  privileges: string[]
  storage: Storage
  startTime: string | null
  lastAccessTime: string | null
  expirationDate: string | null
}

export function describe(session: LayerSession): Described {
  return {
    id: session.id,
    isNew: session.isNew,
    isGuest: session.isGuest(),
    userName: session.userName,
    privileges: session.getPrivileges(),
    storage: session.storage as Storage,
    startTime: session.startTime?.toISOString() ?? null,
    lastAccessTime: session.lastAccessTime?.toISOString() ?? null,
    expirationDate: session.expirationDate,
  }
}

/** A gate for handlers: a handler that awaits `pass()` continues after the test has called `open()`. */
export function gate(): { reached: Promise<void>; pass: () => Promise<void>; open: () => void } {
  let open = () => {}
  let reach = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  return {
    reached,
    open,
    pass: () => {
      reach()
      return opened
    },
  }
}

/** The code of the error that `work` throws, or 'done'. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error)
  }
}
