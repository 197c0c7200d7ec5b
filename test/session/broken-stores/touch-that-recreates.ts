import { setImmediate as otherCallers } from 'node:timers/promises'
import { brokenMemory } from './broken-memory.ts'

/** Reads the session, waits, then writes the whole session back. This revives a session that ended during the wait. */
export const touchThatRecreates = brokenMemory((rowsOf, intact) => ({
  async touch(call) {
    const { id, hash } = call
    const { sessions } = rowsOf(call.app)
    const row = sessions.get(id)
    const credential = row?.credentials.get(hash)
    const ended = await intact.touch(call)
    if (!row || !credential) return ended
    const record = sessions.get(id)?.record ?? row.record
    const seen = row.credentials.get(hash) ?? credential
    await otherCallers()
    sessions.set(id, { ...row, record, credentials: new Map([...row.credentials, [hash, seen]]) })
    return ended
  },
}))
