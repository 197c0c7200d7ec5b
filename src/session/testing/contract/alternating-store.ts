import type { Presence, SessionStore } from '../../store.ts'

/** Sends calls to two stores on one data set. The first store provides `announcements`. */
export function alternatingStore(stores: readonly [SessionStore, SessionStore]): SessionStore {
  const [{ presence, announcements }, { presence: other }] = stores
  return alternating(stores, {
    presence: presence && other && alternating<Presence>([presence, other], {}),
    announcements,
  })
}

function alternating<T extends object>(targets: readonly [T, T], known: object): T {
  const nextTurn = turns()
  return new Proxy(known, {
    get(_, name) {
      if (name in known) return Reflect.get(known, name)
      if (targets.some((target) => typeof Reflect.get(target, name) !== 'function')) return undefined
      return async (call: object) => {
        const { turn, done } = nextTurn()
        const target = targets[turn]
        const method = Reflect.get(target, name) as (call: object) => unknown
        try {
          return await method.call(target, call)
        } finally {
          done()
        }
      }
    },
  }) as T
}

/**
 * Of two concurrent calls, each store gets one. The store of the first call changes in the order 0 1 1 0 1 0 0 1 … (the
 * Thue–Morse sequence). In the order 0 1 0 1 …, every second call would reach the same store.
 */
function turns() {
  let running = 0
  let pairs = 0
  let second: 0 | 1 | undefined
  const done = () => void running--

  return (): { turn: 0 | 1; done: () => void } => {
    const first = running === 0 || second === undefined
    const turn = first ? parity(pairs++) : (second as 0 | 1)
    second = first ? ((1 - turn) as 0 | 1) : undefined
    running++
    return { turn, done }
  }
}

/** Returns 0 if the binary form of the number has an even count of ones, and 1 if it has an odd count. */
function parity(number: number): 0 | 1 {
  let ones = 0
  for (let rest = number; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones % 2 === 0 ? 0 : 1
}
