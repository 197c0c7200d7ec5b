import assert from 'node:assert/strict'
import { setImmediate as oneTurn } from 'node:timers/promises'
import { createSessions, type SessionStore, type Sessions } from '../../../src/session/index.ts'
import { directWire, type Wire } from '../model/direct-client.ts'
import { doing } from '../model/page-steps.ts'
import { cookieIn, START } from '../model/real-system.ts'
import { USERS, type User } from '../model/users.ts'
import { type LayerSession, ROLES, type Storage } from '../support/layer.ts'

export interface SceneLimits {
  maxSessions?: number | undefined
  maxSessionsPerUser?: number | undefined
}

const [ANA] = USERS as [User]
let scenes = 0

/**
 * A user with three devices and two open links, two other browsers, an administrator and API clients. They act
 * concurrently in two processes on one store.
 */
export class Scene {
  readonly store: SessionStore
  readonly appName = `SCENE_${++scenes}`
  readonly limits: SceneLimits
  mainId = ''
  readonly links: string[] = []
  /** The cookie of each browser: the user's three devices, then the two other browsers. */
  readonly jars: (string | undefined)[] = [undefined, undefined, undefined, undefined, undefined]
  readonly handedOut: { cookie: string; userId: string | null }[] = []
  readonly created: string[] = []
  readonly ended: string[] = []
  readonly replacements: { id: string; replaced: string | undefined }[] = []
  /** The number of answered increments in each session. */
  readonly raised = new Map<string, number>()
  /** Maps a session to the session whose storage it took over. */
  readonly keptFrom = new Map<string, string>()
  /** How often each link was opened, each cookie rotated, and each session ended by the administrator. */
  readonly opened = new Map<string, number>()
  readonly renewed = new Map<string, number>()
  readonly revoked = new Map<string, number>()
  readonly #time = { now: START }
  readonly #processes: { manager: Sessions<Storage>; wire: Wire }[]

  constructor(store: SessionStore, limits: SceneLimits) {
    this.store = store
    this.limits = limits
    this.#processes = [this.#startProcess(), this.#startProcess()]
  }

  async begin(): Promise<void> {
    await this.visit(0, 0, (session) => session.setPrivileges({ ...ANA, privileges: [...ANA.privileges] }))
    this.mainId = this.jars[0]?.split('.')[0] ?? ''
    for (const device of [1, 2]) {
      const token = await this.manager(0).createOTP(this.mainId)
      await this.visit(device, 0, (session) => session.restore(token))
    }
    for (let links = 0; links < 2; links++) this.links.push(await this.manager(0).createOTP(this.mainId))
    this.#time.now += 2 * 60_000 // the next request of each browser then counts as activity
  }

  manager(process: number): Sessions<Storage> {
    return this.#process(process).manager
  }

  /** A request with the browser's cookie. The browser keeps the new cookie. */
  async visit(browser: number, process: number, page: (session: LayerSession) => Promise<unknown>): Promise<string> {
    const { outcome, value, session } = await this.ask(this.jars[browser], process, page)
    if (value) this.handedOut.push({ cookie: value, userId: session.userId ?? null })
    if (value !== undefined) this.jars[browser] = value ?? undefined
    return outcome
  }

  async ask(cookie: string | undefined, process: number, page: (session: LayerSession) => Promise<unknown>) {
    let outcome = ''
    const { setCookies, session } = await this.#process(process).wire.visit(
      { cookie, path: '/', method: 'GET', navigates: true, quiet: false, link: undefined, replacesUser: false },
      async (current) => {
        outcome = await doing(page(current()).then(String))
      },
    )
    assert.notEqual(outcome, 'STORE_UNAVAILABLE')
    return { outcome, value: cookieIn(setCookies), session }
  }

  /** Increments the counter in `use`, after `turns` turns of the event loop. */
  async raise(browser: number, process: number, turns: number): Promise<void> {
    let id = ''
    const change = (storage: Storage) => void (storage.count = (storage.count ?? 0) + 1)
    const outcome = await this.visit(browser, process, async (session) => {
      await session.use(
        turns === 0
          ? change
          : async (storage) => {
              for (let turn = 0; turn < turns; turn++) await oneTurn()
              change(storage)
            },
      )
      id = session.id
    })
    if (outcome === 'undefined') count(this.raised, id)
  }

  async signInProgram(process: number, user: User): Promise<void> {
    const { userId, userName, privileges } = user
    await this.#process(process).wire.call(undefined, async (session) => {
      await doing(session.newSession(userId, { userName, privileges }))
    })
  }

  #process(process: number) {
    return this.#processes[process] as { manager: Sessions<Storage>; wire: Wire }
  }

  #startProcess() {
    const { maxSessions, maxSessionsPerUser } = this.limits
    const manager = createSessions<Storage>({
      appName: this.appName,
      store: this.store,
      clock: { now: () => this.#time.now, after: () => () => {} },
      secureCookie: false,
      sweepSeconds: 0,
      ...(maxSessions !== undefined && { maxSessions }),
      ...(maxSessionsPerUser !== undefined && { maxSessionsPerUser }),
      ...ROLES,
    })
    manager.on('created', ({ id }) => this.created.push(id))
    manager.on('secured', ({ id, replaced }) => this.replacements.push({ id, replaced }))
    manager.on('ended', ({ id }) => this.ended.push(id))
    return { manager, wire: directWire(manager) }
  }
}

export function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
