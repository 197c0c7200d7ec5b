import type { Presence, SessionStore } from '../../store.ts'

/**
 * Sends calls to two stores on one data set, as a load balancer does with two processes. `announcements` are those of
 * the first store.
 */
export function alternatingStore(stores: readonly [SessionStore, SessionStore]): SessionStore {
  const [{ presence, announcements }, { presence: other }] = stores
  return alternating(stores, {
    presence: presence && other && alternating<Presence>([presence, other], {}),
    announcements,
  })
}

function alternating<T extends object>(targets: readonly [T, T], known: object): T {
  let calls = 0
  return new Proxy(known, {
    get(_, name) {
      if (name in known) return Reflect.get(known, name)
      return (call: object) => {
        const target = targets[turn(calls++)] as T
        const method = Reflect.get(target, name) as (call: object) => unknown
        return method.call(target, call)
      }
    },
  }) as T
}

/** The order is 0 1 1 0 1 0 0 1 … With 0 1 0 1 …, every second call of a check would reach the same store. */
function turn(call: number): number {
  let bits = 0
  for (let rest = call; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2
  return bits % 2
}
