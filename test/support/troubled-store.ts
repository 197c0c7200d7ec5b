import type { SessionStore, StoreMethod } from '../../src/session/index.ts'

type Operation = StoreMethod | 'probe'

/**
 * `fails`: the call does nothing and throws. `loses answers`: the call takes effect and then throws. `hangs`: the call
 * waits for `giveUp` or `mend`, then throws.
 */
export type Trouble = 'fails' | 'loses answers' | 'hangs'

export interface TroubledStore {
  store: SessionStore
  /** From now on the calls with these names have this trouble. Without names, all calls have it. */
  trouble(kind: Trouble, ...operations: Operation[]): void
  /** All calls work again. Hanging calls throw. */
  mend(): void
  /** Hanging calls throw, but later calls hang again. */
  giveUp(): void
  /** Resolves when this many calls hang. */
  waiting(count?: number): Promise<void>
  /** The names of all calls that have failed, hung or lost their answer so far. */
  readonly troubled: readonly Operation[]
}

export function troubledStore(store: SessionStore): TroubledStore {
  let kind: Trouble | undefined
  let meant: ReadonlySet<string> = new Set()
  let hung: (() => void)[] = []
  let watchers: (() => void)[] = []
  const troubled: Operation[] = []

  const troubledCall = async (operation: Operation, call: unknown) => {
    const ask = () => Reflect.apply(Reflect.get(store, operation) as () => unknown, store, [call])
    if (kind === undefined || (meant.size > 0 && !meant.has(operation))) return ask()
    troubled.push(operation)
    if (kind === 'loses answers') await ask()
    if (kind === 'hangs') {
      await new Promise<void>((resolve) => {
        hung.push(resolve)
        for (const look of watchers) look()
      })
    }
    throw new Error(`The connection to db.internal:6379 broke during ${operation}.`)
  }
  const giveUp = () => {
    const left = hung
    hung = []
    for (const resolve of left) resolve()
  }

  return {
    store: new Proxy(store, {
      get(_, name) {
        const member = Reflect.get(store, name)
        return typeof member === 'function' ? (call: unknown) => troubledCall(name as Operation, call) : member
      },
    }),
    trouble(next, ...operations) {
      kind = next
      meant = new Set(operations)
    },
    mend() {
      kind = undefined
      giveUp()
    },
    giveUp,
    waiting: (count = 1) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (hung.length < count) return
          watchers = watchers.filter((other) => other !== look)
          resolve()
        }
        watchers.push(look)
        look()
      }),
    troubled,
  }
}
