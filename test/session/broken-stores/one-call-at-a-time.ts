import { memoryRows } from '../../../src/session/stores/shared/memory-rows.ts'
import { perApp } from '../../../src/session/stores/shared/per-app.ts'
import type { MakeBroken } from './broken-memory.ts'

/** A broken store that runs one call at a time, as with a lock in its process. */
export function locked(make: MakeBroken) {
  return { store: oneCallAtATime(make()) }
}

/** Two broken stores with shared sessions. Each store runs one call at a time, but neither waits for the other. */
export function lockedPair(make: MakeBroken) {
  const rowsOf = perApp(() => memoryRows())
  const first = make(rowsOf)
  const second = { ...make(rowsOf), ...(first.presence && { presence: first.presence }) }
  return { store: oneCallAtATime(first), second: oneCallAtATime(second) }
}

function oneCallAtATime<T extends object>(store: T): T {
  let last: Promise<unknown> = Promise.resolve()
  return new Proxy(store, {
    get(_, name) {
      const member = Reflect.get(store, name)
      if (typeof member !== 'function') return member
      return (call: object) => {
        const answer = last.then(() => member.call(store, call))
        last = answer.catch(() => {})
        return answer
      }
    },
  })
}
