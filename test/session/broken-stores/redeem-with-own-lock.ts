import type { CallOf, SessionStore } from '../../../src/session/store.ts'
import { memoryStoreOn } from '../../../src/session/stores/memory/store.ts'
import { type MemoryRows, memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { perApp } from '../../../src/session/stores/shared/per-app.ts'
import { findThenDelete } from './redeem-in-two-steps.ts'

/** Two stores on the same sessions. Each redeems one link at a time, but neither waits for the other. */
export function redeemWithOwnLock(): { store: SessionStore; second: SessionStore } {
  const rowsOf = perApp(() => memoryRows())
  const intact = memoryStoreOn(rowsOf)
  return { store: locked(intact, rowsOf), second: locked(intact, rowsOf) }
}

function locked(intact: SessionStore, rowsOf: (app: string) => MemoryRows): SessionStore {
  const { redeem } = findThenDelete(rowsOf, intact)
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...intact,
    redeem(call: CallOf<'redeem'>) {
      const redeemed = last.then(() => redeem(call))
      last = redeemed
      return redeemed
    },
  }
}
