import type { Clock } from '../session/index.ts'
import { networksOf } from '../web/client-address.ts'
import { type AuditEntry, namesAnAccount } from './audit-entry.ts'

const MINUTE_MILLISECONDS = 60_000
// While this many different entries of one event and network are counted, new entries lose their name.
const MOST_OF_A_NETWORK = 10
// While this many different entries are counted in total, new entries also lose their network address.
const MOST_COUNTED = 300

/** Several equal entries. `entry` is the newest entry, and `more` is the number of entries after the first entry. */
interface Counted {
  entry: AuditEntry
  /** The event and the network. */
  source: string
  at: number
  more: number
  cancel: () => void
}

/** Writes the first of several equal entries at once. Equal entries of the next minute become one row with a count. */
export class RepeatFolder {
  readonly #clock: Clock
  readonly #write: (entry: AuditEntry, at: number, times: number) => void
  readonly #counted = new Map<string, Counted>()

  constructor(clock: Clock, write: (entry: AuditEntry, at: number, times: number) => void) {
    this.#clock = clock
    this.#write = write
  }

  add(entry: AuditEntry): void {
    const folded = this.#narrowed(entry)
    const key = keyOf(folded)
    const now = this.#clock.now()
    const counted = this.#counted.get(key)
    if (counted) {
      Object.assign(counted, { entry: folded, at: now, more: counted.more + 1 })
      return
    }
    this.#write(folded, now, 1)
    const cancel = this.#clock.after(MINUTE_MILLISECONDS, () => this.#finish(key))
    this.#counted.set(key, { entry: folded, source: sourceOf(folded), at: now, more: 0, cancel })
  }

  /** Writes the counts so far. */
  stop(): void {
    for (const key of [...this.#counted.keys()]) this.#finish(key)
  }

  #finish(key: string): void {
    const counted = this.#counted.get(key)
    this.#counted.delete(key)
    counted?.cancel()
    if (counted && counted.more > 0) this.#write(counted.entry, counted.at, counted.more)
  }

  /** Returns a less specific entry if too many different entries are counted. Keeps the name of an existing account. */
  #narrowed(entry: AuditEntry): AuditEntry {
    if (this.#counted.has(keyOf(entry))) return entry
    const { event, userId, userName, requestId, device, address } = entry
    const alike = [...this.#counted.values()].filter((other) => other.source === sourceOf(entry)).length
    const isFull = this.#counted.size >= MOST_COUNTED
    if (alike < MOST_OF_A_NETWORK && !isFull) return entry
    const several = event === 'sign-in-failed' ? 'with several names' : 'in several places'
    const roughly: AuditEntry = !namesAnAccount(entry)
      ? { event, requestId, device, address: address && networksOf(address).own, detail: several }
      : { ...entry, ...(userId !== undefined && { detail: 'in several places' }) }
    if (this.#counted.has(keyOf(roughly)) || !isFull) return roughly
    if (!namesAnAccount(entry)) return { event, detail: `${several}, from several addresses` }
    return { event, userId, userName, detail: `${roughly.detail ?? ''}, from several addresses` }
  }
}

function keyOf({ event, userId, userName, address, detail }: AuditEntry): string {
  return JSON.stringify([event, userId ?? '', userName ?? '', address ?? '', detail ?? ''])
}

function sourceOf({ event, address }: AuditEntry): string {
  return `${event} ${networksOf(address ?? '').own}`
}
