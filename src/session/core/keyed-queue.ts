/** One queue for each key: whoever asks while another is inside waits his turn. */
export interface Locks {
  /** Whether nobody is inside. */
  isFree(key: string): boolean
  /**
   * Runs `inside` when everybody who asked before has left. Leaves however `inside` ends. It is told what the one before threw, if he
   * was waited for and did throw.
   */
  hold<T>(key: string, inside: (failure: unknown) => Promise<T>): Promise<T>
}

export function createLocks(): Locks {
  // What each of them resolves to is the failure of the last one in its queue.
  const tails = new Map<string, Promise<unknown>>()
  return {
    isFree: (key) => !tails.has(key),
    hold(key, inside) {
      const before = tails.get(key)
      const mine = before === undefined ? inside(undefined) : before.then(inside)
      const leave = (failure?: unknown) => {
        if (tails.get(key) === tail) tails.delete(key)
        return failure
      }
      const tail: Promise<unknown> = mine.then(() => leave(), leave)
      tails.set(key, tail)
      return mine
    },
  }
}
