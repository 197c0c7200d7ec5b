import { test } from 'node:test'
import type { SessionStore } from '../store.ts'
import { alternatingStore } from './contract/alternating-store.ts'
import { changing } from './contract/changing.ts'
import { counting } from './contract/counting.ts'
import { details } from './contract/details.ts'
import { devices } from './contract/devices.ts'
import { ending } from './contract/ending.ts'
import { endingAll } from './contract/ending-all.ts'
import { expiring } from './contract/expiring.ts'
import { finding } from './contract/finding.ts'
import { atOnce, type StorePromise, type Trial, trialOf } from './contract/fixtures.ts'
import { logins } from './contract/logins.ts'
import { messages } from './contract/messages.ts'
import { notifying } from './contract/notifying.ts'
import { replacing } from './contract/replacing.ts'
import { sweeping } from './contract/sweeping.ts'
import { manualClock } from './manual-clock.ts'

export type { StorePromise }

export const storePromises: readonly StorePromise[] = [
  ...finding,
  ...changing,
  ...devices,
  ...details,
  ...expiring,
  ...replacing,
  ...ending,
  ...endingAll,
  ...messages,
  ...sweeping,
  ...counting,
  ...logins,
  ...notifying,
]

/** Opens an empty store. */
type OpenStore = () => Promise<OpenedStore>

interface OpenedStore {
  store: SessionStore
  /** A second store on the same data, as in another process. The calls of each check alternate between both stores. */
  second?: SessionStore
  /**
   * Returns the number of stored rows, keys or other entries. With this function, the contract also checks that sweeps
   * remove all outdated entries. Do not count entries that the server removes by itself, such as Redis keys with a time
   * to live.
   */
  entries?: () => Promise<number>
  close(): Promise<void>
}

/**
 * Registers one test for each rule of the store interface. Each test runs on an empty store.
 * @example proveStore('memory', async () => ({ store: memoryStore(), close: async () => {} }))
 */
export function proveStore(name: string, open: OpenStore): void {
  for (const promise of storePromises) test(`${name} store: ${promise.claim}`, () => keepsPromise(promise, open))
}

/** Rejects when the store breaks the rule. */
export async function keepsPromise(promise: StorePromise, open: OpenStore): Promise<void> {
  const { store, second, entries, close } = await open()
  try {
    const trial = second
      ? trialOf(alternatingStore([store, second]), manualClock(), { stores: [store, second], entries })
      : trialOf(store, manualClock(), { entries })
    await warm(trial)
    await promise.check(trial)
  } finally {
    await close()
  }
}

/** Opens all connections of a pool, so that the concurrent calls of a check start at the same time. */
async function warm({ store }: Trial): Promise<void> {
  await atOnce(() => store.count({ filter: {} }))
}
