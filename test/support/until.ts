import { setTimeout as pause } from 'node:timers/promises'

// Long, because a busy machine is slow.
const PATIENCE_MILLISECONDS = 60_000
const PAUSE_MILLISECONDS = 20

/** Polls until the answer is neither undefined nor false, and returns it. For effects of other processes. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`waited a minute in vain until ${what}`)
    await pause(PAUSE_MILLISECONDS)
  }
}
