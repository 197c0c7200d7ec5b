/** One queue for each key: whoever asks while another is inside waits his turn. */
export interface Locks {
  /** Whether nobody is inside. */
  isFree(key: string): boolean
  /** Runs `inside` when everybody who asked before has left. Leaves however `inside` ends. */
  hold<T>(key: string, inside: () => Promise<T>): Promise<T>
}

export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>()
  return {
    isFree: (key) => !tails.has(key),
    hold(key, inside) {
      const before = tails.get(key)
      const mine = before === undefined ? inside() : before.then(inside)
      const tail = mine
        .catch(() => undefined)
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key)
        })
      tails.set(key, tail)
      return mine
    },
  }
}
