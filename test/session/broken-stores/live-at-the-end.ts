import type { Found, SessionStore } from '../../../src/session/store.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** `now <= end` in place of `now < end`. */
export class LiveAtTheEnd extends MemoryStore {
  override find(...parameters: Parameters<SessionStore['find']>): Promise<Found | undefined> {
    const [app, id, hash, now] = parameters
    return super.find(app, id, hash, now - 1)
  }
}
