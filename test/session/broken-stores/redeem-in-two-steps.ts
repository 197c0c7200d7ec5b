import { setImmediate as otherCallers } from 'node:timers/promises'
import type { SessionRecord } from '../../../src/session/record.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { dropOTP } from '../../../src/session/stores/memory/data.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Finds the link, then deletes it: whoever comes in between finds it too. */
export class RedeemInTwoSteps extends MemoryStore {
  override async redeem(...parameters: Parameters<SessionStore['redeem']>): Promise<SessionRecord | undefined> {
    const [app, hash, credential, limits, now] = parameters
    const found = await this.findOTP(app, hash, now)
    if (!found) return undefined
    await otherCallers()
    dropOTP(this.app(app), hash)
    if (credential) await this.attach(app, found.session.id, credential, undefined, limits, now)
    return found.session
  }
}
