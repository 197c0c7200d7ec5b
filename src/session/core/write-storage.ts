import type { SessionRecord } from '../record.ts'
import { createSession } from './new-session.ts'
import type { RequestSession } from './request-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { updateRecord } from './update-record.ts'
import { runUseCallback, type UseCallback } from './use-callback.ts'

export async function writeStorage<S extends object, T>(
  request: RequestSession,
  change: UseCallback<S, T>,
): Promise<T> {
  const { clock, storage } = request.context

  async function changed(record: SessionRecord): Promise<{ text: string; result: T }> {
    const copy = storage.read(record) as S
    const result = await runUseCallback(clock, record.id, change, copy)
    return { text: storage.write(copy, record), result }
  }

  if (request.state.is === 'guest') {
    request.require('mayBegin')
    const { text, result } = await changed(request.record)
    // An empty storage needs no session.
    if (text !== EMPTY_STORAGE) await createSession(request, { storage: text }, 'visit')
    return result
  }
  return updateRecord(request, async (current) => {
    const { text, result } = await changed(current)
    return { changes: text === current.storage ? undefined : { storage: text }, result }
  })
}
