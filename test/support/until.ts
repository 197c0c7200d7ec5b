import { setTimeout as pause } from 'node:timers/promises'

// A busy machine is slow; what has not come by then will not come.
const PATIENCE_MILLISECONDS = 60_000
const PAUSE_MILLISECONDS = 20

/** Asks again and again until the answer is one (neither undefined nor false), and returns it. For what other processes do. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`waited a minute in vain until ${what}`)
    await pause(PAUSE_MILLISECONDS)
  }
}
