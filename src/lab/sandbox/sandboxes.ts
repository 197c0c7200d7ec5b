import { randomUUID } from 'node:crypto'
import type { Clock } from '../../session/index.ts'
import { Sandbox } from './sandbox.ts'
import type { ThingsConfig } from './things.ts'

const MOST_SANDBOXES = 200
export const LIFE_MINUTES = 30

interface Kept {
  sandbox: Sandbox
  /** Names the sandbox in addresses. Unlike the key, it does not open the pages of the visitor. */
  name: string
  until: number
}

/** The sandboxes of all visitors, least recently used first. */
export class Sandboxes {
  readonly #clock: Pick<Clock, 'now'>
  readonly #config: ThingsConfig
  readonly #most: number
  readonly #byKey = new Map<string, Kept>()

  constructor(config: ThingsConfig, clock: Pick<Clock, 'now'>, most = MOST_SANDBOXES) {
    this.#config = config
    this.#clock = clock
    this.#most = most
  }

  /** Returns the key of a new sandbox, which replaces the visitor's previous one. */
  async open(previous: string | undefined): Promise<string> {
    const sandbox = await Sandbox.open(this.#config)
    if (previous !== undefined) this.#byKey.delete(previous)
    const [key, name] = [randomUUID(), randomUUID()]
    this.#byKey.set(key, { sandbox, name, until: this.#until() })
    this.#removeOld()
    return key
  }

  find(key: string | undefined): { sandbox: Sandbox; name: string } | undefined {
    this.#removeOld()
    const found = this.#byKey.get(key ?? '')
    if (key === undefined || found === undefined) return undefined
    this.#byKey.delete(key)
    this.#byKey.set(key, { ...found, until: this.#until() })
    return found
  }

  findByName(name: string): Sandbox | undefined {
    for (const [key, kept] of this.#byKey) if (kept.name === name) return this.find(key)?.sandbox
    return undefined
  }

  #until(): number {
    return this.#clock.now() + LIFE_MINUTES * 60_000
  }

  #removeOld(): void {
    for (const [key, { until }] of this.#byKey)
      if (until <= this.#clock.now() || this.#byKey.size > this.#most) this.#byKey.delete(key)
  }
}
