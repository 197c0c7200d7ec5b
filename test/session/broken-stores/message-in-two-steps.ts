import { setImmediate as otherCallers } from 'node:timers/promises'
import type { SessionStore } from '../../../src/session/store.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Reads the message, then marks it as told: two tabs of one browser are both told. */
export class MessageInTwoSteps extends MemoryStore {
  override async takeMessage(...parameters: Parameters<SessionStore['takeMessage']>): Promise<string | undefined> {
    const [app, hash, now] = parameters
    const message = this.app(app).tombstones.get(hash)?.message
    await otherCallers()
    await super.takeMessage(app, hash, now)
    return message
  }
}
