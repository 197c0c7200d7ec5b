import { setImmediate as otherCallers } from 'node:timers/promises'
import { brokenMemory } from './broken-memory.ts'

/** Finds the link, waits, then deletes the link. A second caller can find the same link during the wait. */
export const redeemInTwoSteps = brokenMemory((rowsOf, intact) => ({
  async redeem({ app, hash, credential, limits, now }) {
    const found = await intact.findOTP({ app, hash, now })
    const row = found && rowsOf(app).session(found.session.id)
    if (!row) return undefined
    await otherCallers()
    rowsOf(app).deleteCredential(row, hash)
    if (credential) await intact.attach({ app, id: found.session.id, credential, limits, now })
    return found.session
  },
}))
