import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MILLISECONDS = 60_000
const PAUSE_MILLISECONDS = 20

/** Calls `ask` until the result is neither undefined nor false. Returns that result. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`waited a minute in vain until ${what}`)
    await pause(PAUSE_MILLISECONDS)
  }
}
