import { setImmediate as otherCallers } from 'node:timers/promises'
import type { SessionStore } from '../../../src/session/store.ts'
import { MemoryStore } from '../../../src/session/stores/memory/store.ts'

/** Reads the whole session and later writes the whole session back, as `resave` does: a logout in between is undone. */
export class TouchThatRecreates extends MemoryStore {
  override async touch(...parameters: Parameters<SessionStore['touch']>): Promise<void> {
    const [app, id, hash] = parameters
    const { sessions } = this.app(app)
    const entry = sessions.get(id)
    const credential = entry?.credentials.get(hash)
    await super.touch(...parameters)
    if (!entry || !credential) return
    const record = sessions.get(id)?.record ?? entry.record
    const seen = entry.credentials.get(hash) ?? credential
    await otherCallers()
    sessions.set(id, { ...entry, record, credentials: new Map([...entry.credentials, [hash, seen]]) })
  }
}
