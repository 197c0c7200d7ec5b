import type { Hold } from './request-session.ts'
import { runInside } from './use-callback.ts'
import { EMPTY_STORAGE } from './storage.ts'

/** What `use` is given: changes the copy that it gets. */
export type StorageChange<S, T> = (storage: S) => T | Promise<T>

/** Changes the storage of a session; a guest's is stored with it for the first time. */
export async function writeStorage<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  if (hold.state.is !== 'guest') return writeStored(hold, change)
  return hold.inTurn(() => (hold.state.is === 'guest' ? writeFirst(hold, change) : writeStored(hold, change)))
}

/** The first write of a guest: what it leaves is stored together with the session, or nothing is. */
async function writeFirst<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  hold.refuseBegin()
  const storage = hold.engine.format.decode(EMPTY_STORAGE) as S
  const answer = await runInside(hold.engine, hold.record.id, change, storage)
  const text = hold.engine.format.encode(storage)
  if (text !== EMPTY_STORAGE) await hold.create({ storage: text }, false)
  return answer
}

function writeStored<S extends object, T>(hold: Hold, change: StorageChange<S, T>): Promise<T> {
  const { engine } = hold
  return hold.change(async (current) => {
    const storage = engine.format.decode(current.storage) as S
    const answer = await runInside(engine, current.id, change, storage)
    const text = engine.format.encode(storage)
    return { changes: text === current.storage ? undefined : { storage: text }, answer }
  })
}
