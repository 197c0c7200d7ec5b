import { setImmediate as otherCallers } from 'node:timers/promises'
import type { CallOf, SessionStore } from '../../../src/session/store.ts'
import type { MemoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { brokenMemory } from './broken-memory.ts'

/** Finds the link, waits, then deletes it. A second caller finds it too. */
export const redeemInTwoSteps = brokenMemory(findThenDelete)

export function findThenDelete(rowsOf: (app: string) => MemoryRows, intact: SessionStore) {
  return {
    async redeem({ app, hash, credential, limits, now }: CallOf<'redeem'>) {
      const found = await intact.findOTP({ app, hash, now })
      const row = found && rowsOf(app).session(found.session.id)
      if (!row) return undefined
      await otherCallers()
      rowsOf(app).deleteCredential(row, hash)
      if (credential) await intact.attach({ app, id: found.session.id, credential, limits, now })
      return found.session
    },
  }
}
