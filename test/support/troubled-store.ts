import type { SessionStore } from '../../src/session/index.ts'

type Operation = Exclude<keyof SessionStore, 'presence' | 'announcements'>

/**
 * `fails`: the call is refused, and nothing was done. `loses answers`: it is done, and nobody hears of it. `hangs`: nothing comes, until
 * `giveUp` or `mend`, as from a server that has stopped answering.
 */
export type Trouble = 'fails' | 'loses answers' | 'hangs'

/** A store that breaks when told to. */
export interface TroubledStore {
  store: SessionStore
  /** From now on these calls are troubled; without names all of them. */
  trouble(kind: Trouble, ...operations: Operation[]): void
  /** Everything works again; who still waits is told that the connection broke. */
  mend(): void
  /** Those that wait by now are told so, and the trouble goes on. */
  giveUp(): void
  /** Resolves when so many calls wait for an answer. */
  waiting(count?: number): Promise<void>
  /** The troubled calls so far, in their order. */
  readonly troubled: readonly Operation[]
}

/** Puts trouble between a store and whoever uses it. */
export function troubledStore(store: SessionStore): TroubledStore {
  let kind: Trouble | undefined
  let meant: ReadonlySet<string> = new Set()
  let hung: (() => void)[] = []
  let watchers: (() => void)[] = []
  const troubled: Operation[] = []

  const troubledCall = async (operation: Operation, call: unknown) => {
    const ask = () => Reflect.apply(store[operation], store, [call])
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
