import type { Presence, SessionStore } from '../../../src/session/store.ts'

/** Sends calls to the stores in turn, as a load balancer does with the processes of an application. */
export function dealtTo(...stores: readonly [SessionStore, ...SessionStore[]]): SessionStore {
  const presences = stores.flatMap(({ presence }) => presence ?? [])
  const known: { presence?: Presence } = presences.length === stores.length ? { presence: dealt(presences) } : {}
  return dealt(stores, known)
}

function dealt<T extends object>(targets: readonly T[], known: Partial<T> = {}): T {
  let calls = 0
  return new Proxy(known as T, {
    get(_, name) {
      if (name in known || targets.some((target) => !(name in target))) return Reflect.get(known, name)
      return (call: object) => {
        const target = targets[calls++ % targets.length] as T
        const method = Reflect.get(target, name) as (call: object) => unknown
        return method.call(target, call)
      }
    },
  })
}
