import { createSession } from './new-session.ts'
import type { RequestSession } from './request-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { updateRecord } from './update-record.ts'
import { runUseCallback, type UseCallback } from './use-callback.ts'

export async function writeStorage<S extends object, T>(
  request: RequestSession,
  change: UseCallback<S, T>,
): Promise<T> {
  if (request.state.is !== 'guest') return writeStored(request, change)
  return request.inTurn(() =>
    request.state.is === 'guest' ? writeFirst(request, change) : writeStored(request, change),
  )
}

/** Stores nothing if `change` leaves the storage empty. */
async function writeFirst<S extends object, T>(request: RequestSession, change: UseCallback<S, T>): Promise<T> {
  request.require('mayBegin')
  const { clock, format } = request.context
  const storage = format.decode(EMPTY_STORAGE) as S
  const result = await runUseCallback(clock, request.record.id, change, storage)
  const text = format.encode(storage)
  if (text !== EMPTY_STORAGE) await createSession(request, { storage: text }, 'visit')
  return result
}

function writeStored<S extends object, T>(request: RequestSession, change: UseCallback<S, T>): Promise<T> {
  const { clock, format } = request.context
  return updateRecord(request, async (current) => {
    const storage = format.decode(current.storage) as S
    const result = await runUseCallback(clock, current.id, change, storage)
    const text = format.encode(storage)
    return { changes: text === current.storage ? undefined : { storage: text }, result }
  })
}
