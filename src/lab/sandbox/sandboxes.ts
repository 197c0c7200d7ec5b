import { randomUUID } from 'node:crypto'
import type { Clock } from '../../session/index.ts'
import { Sandbox } from './sandbox.ts'
import type { ThingsConfig } from './things.ts'

const MOST_SANDBOXES = 200
export const LIFE_MINUTES = 30

/** The sandboxes of all visitors, least recently used first. */
export class Sandboxes {
  readonly #clock: Pick<Clock, 'now'>
  readonly #config: ThingsConfig
  readonly #byKey = new Map<string, { sandbox: Sandbox; until: number }>()
  readonly #most: number
  #opened = 0

  constructor(config: ThingsConfig, clock: Pick<Clock, 'now'>, most = MOST_SANDBOXES) {
    this.#config = config
    this.#clock = clock
    this.#most = most
  }

  /** Returns the key of a new sandbox, which replaces the visitor's previous one. */
  async open(previous: string | undefined): Promise<string> {
    const sandbox = await Sandbox.open(++this.#opened, this.#config)
    if (previous !== undefined) this.#byKey.delete(previous)
    const key = randomUUID()
    this.#keep(key, sandbox)
    this.#removeOld()
    return key
  }

  find(key: string | undefined): Sandbox | undefined {
    this.#removeOld()
    const found = this.#byKey.get(key ?? '')
    if (found === undefined || key === undefined) return undefined
    this.#keep(key, found.sandbox)
    return found.sandbox
  }

  findByNumber(number: number): Sandbox | undefined {
    for (const [key, { sandbox }] of this.#byKey) if (sandbox.number === number) return this.find(key)
    return undefined
  }

  #keep(key: string, sandbox: Sandbox): void {
    this.#byKey.delete(key)
    this.#byKey.set(key, { sandbox, until: this.#clock.now() + LIFE_MINUTES * 60_000 })
  }

  #removeOld(): void {
    for (const [key, { until }] of this.#byKey)
      if (until <= this.#clock.now() || this.#byKey.size > this.#most) this.#byKey.delete(key)
  }
}
