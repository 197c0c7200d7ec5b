import { randomUUID } from 'node:crypto'
import type { Clock } from '../../session/index.ts'
import { networksOf } from '../../web/client-address.ts'
import { Sandbox } from './sandbox.ts'
import type { ThingsConfig } from './things.ts'

const MOST_SANDBOXES = 200
export const LIFE_MINUTES = 30

interface Kept {
  sandbox: Sandbox
  /** Names the sandbox in addresses. Unlike the key, it does not open the pages of the visitor. */
  name: string
  /** The network of the visitor. */
  network: string
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
  async open(previous: string | undefined, address: string): Promise<string> {
    const sandbox = await Sandbox.open(this.#config)
    if (previous !== undefined) this.#byKey.delete(previous)
    const [key, name] = [randomUUID(), randomUUID()]
    const { own, site } = networksOf(address)
    this.#byKey.set(key, { sandbox, name, network: site ?? own, until: this.#until() })
    this.#removeOld()
    if (this.#byKey.size > this.#most) this.#removeOneOfBusiest()
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

  /** Unlike `findByName`, this is no use that lengthens the life of the sandbox. */
  hasName(name: string): boolean {
    this.#removeOld()
    return this.#keyOf(name) !== undefined
  }

  findByName(name: string): Sandbox | undefined {
    return this.find(this.#keyOf(name))?.sandbox
  }

  #keyOf(name: string): string | undefined {
    return [...this.#byKey].find(([, kept]) => kept.name === name)?.[0]
  }

  #until(): number {
    return this.#clock.now() + LIFE_MINUTES * 60_000
  }

  #removeOld(): void {
    for (const [key, { until }] of this.#byKey) if (until <= this.#clock.now()) this.#byKey.delete(key)
  }

  /** Removes a sandbox of the network that has the most, so no network can displace the sandboxes of all others. */
  #removeOneOfBusiest(): void {
    const counts = new Map<string, number>()
    for (const { network } of this.#byKey.values()) counts.set(network, (counts.get(network) ?? 0) + 1)
    const most = Math.max(...counts.values())
    const [found] = [...this.#byKey].find(([, { network }]) => counts.get(network) === most) ?? []
    if (found !== undefined) this.#byKey.delete(found)
  }
}
