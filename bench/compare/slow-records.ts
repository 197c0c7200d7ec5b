import { setTimeout as pause } from 'node:timers/promises'

export const MILLISECONDS_PER_CALL = 3

export interface StoreView {
  /** How many calls have written to the store. */
  writes(): number
  /** Every text that the store holds. */
  texts(): string[]
}

/** A store for libraries that bring no store. It keeps one record for each key. Each call takes 3 milliseconds. */
export class SlowRecords implements StoreView {
  readonly #records = new Map<string, string>()
  #writes = 0

  async get(key: string): Promise<unknown> {
    await pause(MILLISECONDS_PER_CALL)
    const text = this.#records.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  /** Creates or overwrites a record. */
  async set(key: string, value: unknown): Promise<void> {
    await this.#beginWrite()
    this.#records.set(key, JSON.stringify(value))
  }

  /** Overwrites a record only if it exists, like UPDATE in SQL. */
  async update(key: string, value: unknown): Promise<void> {
    await this.#beginWrite()
    if (this.#records.has(key)) this.#records.set(key, JSON.stringify(value))
  }

  async remove(key: string): Promise<void> {
    await this.#beginWrite()
    this.#records.delete(key)
  }

  /** Counts a write that would extend the expiry of a record. Changes nothing, because no probe waits for an expiry. */
  async touch(): Promise<void> {
    await this.#beginWrite()
  }

  writes(): number {
    return this.#writes
  }

  texts(): string[] {
    return [...this.#records].flat()
  }

  async #beginWrite(): Promise<void> {
    this.#writes++
    await pause(MILLISECONDS_PER_CALL)
  }
}
