import type { DeviceDescription, SessionStore } from '../../session/index.ts'
import { memoryStore } from '../../session/stores/memory/index.ts'
import { formatCount } from '../../web/format.ts'
import type { Shown } from '../contestant.ts'
import { Turns } from '../turns.ts'
import { createSite, type Site } from './site.ts'
import { beginThings, type End, type Limits, type Thing, type ThingsConfig, USER } from './things.ts'

const MINUTE = 60_000
const MOST_LOGGED = 15

/** A thing, with what the session layer has said of it. */
interface Watched {
  thing: Thing
  limits: Limits | undefined
  ended: (End & { at: number }) | undefined
}

interface LogEntry {
  at: number
  text: string
  /** The event of the session layer; '' for none. */
  event: string
}

/** The sessions of one user on a site of their own. A visitor moves the clock of this site. */
export class Sandbox {
  readonly startedAt: number
  readonly #site: Site
  readonly #log: LogEntry[] = []
  #watched: Watched[] = []
  /** Two requests of a visitor must not move the clock at the same time. */
  readonly #turns = new Turns()

  /** Tests pass a broken store. */
  static async open(config: ThingsConfig, store: SessionStore = memoryStore()): Promise<Sandbox> {
    const sandbox = new Sandbox(createSite(config, store))
    await sandbox.#begin(config)
    return sandbox
  }

  private constructor(site: Site) {
    this.#site = site
    this.startedAt = this.now
    this.#site.onEnded(({ id, reason }) => {
      const watched = this.#watched.find(({ thing }) => thing.id === id)
      if (watched) this.#end(watched, { why: watched.thing.reasons?.[reason] ?? reason, event: `ended: ${reason}` })
    })
  }

  get now(): number {
    return this.#site.clock.now()
  }

  get bindingMinutes(): number {
    return this.#site.bindingMinutes
  }

  get things(): readonly Watched[] {
    return this.#watched
  }

  /** The newest entry comes first. */
  get log(): readonly LogEntry[] {
    return this.#log
  }

  /** Moves the clock. Looks at the things at each of their ends on the way. */
  move(minutes: number, text: string): Promise<void> {
    return this.#turns.run(async () => {
      this.#note(text)
      await this.#pass(minutes)
    })
  }

  /** The user opens a page on each device, and the program calls the API. */
  use(): Promise<void> {
    return this.#turns.run(async () => {
      this.#note(`${USER} uses all that is still alive`)
      await this.#use()
    })
  }

  /** The same every 20 minutes. */
  keepUsing(hours: number): Promise<void> {
    return this.#turns.run(async () => {
      this.#note(`${USER} uses all that is still alive, every 20 minutes, for ${hours} hours`)
      for (let use = 0; use < hours * 3; use++) {
        await this.#pass(20)
        await this.#use()
      }
    })
  }

  /** Signs out a device, as in the user's list of devices. */
  signOut(id: string): Promise<void> {
    return this.#turns.run(async () => {
      await this.#site.manager.end(id, 'revoked')
      await this.#look()
    })
  }

  /** The devices of the user, as the user's list of devices shows them. */
  async devices(): Promise<{ id: string; device: DeviceDescription }[]> {
    const sessions = await Promise.all(this.#watched.map(({ thing: { id = '' } }) => this.#site.manager.get(id)))
    return sessions.flatMap((session) =>
      (session?.devices ?? []).flatMap((device) =>
        session && device.kind === 'cookie' ? [{ id: session.id, device }] : [],
      ),
    )
  }

  /** The cookies of the user's browsers. The user has just opened a page in each of them. */
  copyCookies(): Promise<{ title: string; cookie: string }[]> {
    return this.#turns.run(async () => {
      const copies = []
      for (const { thing, ended } of this.#watched) {
        if (ended || !thing.browser) continue
        await thing.use?.()
        copies.push({ title: `${thing.title}: ${thing.hint}`, cookie: thing.browser.cookie })
      }
      const browsers = formatCount(copies.length, 'browser', 'browsers')
      if (copies.length > 0) this.#note(`${USER} opens a page in ${browsers}, and you copy the cookies`)
      await this.#look()
      return copies
    })
  }

  /** A request of a visitor. It takes a minute, because the session layer records where a request comes from once a minute. */
  arrive(cookie: string, { device, address }: { device: string; address: string }): Promise<Shown> {
    return this.#turns.run(async () => {
      await this.#pass(1)
      const exchange = this.#site.connect({ address, isProbe: false })
      const headers = { 'user-agent': device, ...(cookie !== '' && { cookie }) }
      const shown = (await (await exchange('GET', '/page', headers)).json()) as Shown
      this.#note(`A request from ${address} gets the page of ${shown.user ?? 'a guest'}`)
      await this.#look()
      return shown
    })
  }

  async #begin(config: ThingsConfig): Promise<void> {
    const things = await beginThings(this.#site, config)
    this.#watched = things.map((thing) => ({ thing, limits: undefined, ended: undefined }))
    this.#note(`${USER} logs in`)
    await this.#look()
  }

  async #use(): Promise<void> {
    for (const { thing, ended } of this.#watched) if (!ended) await thing.use?.()
    await this.#look()
  }

  async #pass(minutes: number): Promise<void> {
    const { clock } = this.#site
    const until = clock.now() + minutes * MINUTE
    for (const at of [...this.#ends().filter((end) => clock.now() < end && end < until), until]) {
      clock.advance({ milliseconds: at - clock.now() })
      await this.#look()
    }
  }

  /** The moments at which a thing may end. The session layer tolerates up to a minute more. */
  #ends(): number[] {
    const limits = this.#watched.flatMap(({ limits, ended }) => (ended || !limits ? [] : [limits.use, limits.all]))
    const ends = limits.filter((end) => typeof end === 'number').flatMap((end) => [end, end + MINUTE])
    return [...new Set(ends)].sort((one, other) => one - other)
  }

  async #look(): Promise<void> {
    await this.#site.sweep()
    for (const watched of this.#watched) {
      if (watched.ended) continue
      const look = await watched.thing.look()
      if (look && 'event' in look) this.#end(watched, look)
      else watched.limits = look
    }
  }

  #end(watched: Watched, end: End): void {
    watched.ended = { ...end, at: this.now }
    this.#note(`${watched.thing.title} ends: ${end.why}`, end.event)
  }

  #note(text: string, event = ''): void {
    this.#log.unshift({ at: this.now, text, event })
    this.#log.length = Math.min(this.#log.length, MOST_LOGGED)
  }
}
