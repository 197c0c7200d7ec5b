import type { Clock } from '../session/index.ts'

/** An answer, a failure, or a timeout. */
export type Outcome<T> = { is: 'answer'; value: T } | { is: 'failure'; error: unknown } | { is: 'silence' }

interface SingleFlightOptions {
  clock: Clock
  /** How long callers wait for an answer. */
  patienceMilliseconds: number
  /** How long an outcome is cached, by how long the answer took; 0 for a failure or a timeout. */
  keptMilliseconds(took: number): number
}

/**
 * A cache for one expensive question: concurrent callers share one call, and later callers get its outcome until it expires. An answer
 * after the timeout is cached for the next caller. The returned function never rejects.
 */
export function singleFlightCache<T>(ask: () => Promise<T>, options: SingleFlightOptions): () => Promise<Outcome<T>> {
  const { clock, patienceMilliseconds, keptMilliseconds } = options
  let latest: Promise<Outcome<T>> | undefined
  let keptUntil = 0

  return function answer() {
    if (latest !== undefined && clock.now() < keptUntil) return latest
    const began = clock.now()
    keptUntil = Number.POSITIVE_INFINITY
    const asking = outcomeOf(ask)
    const waiting = withPatience(clock, patienceMilliseconds, asking)
    let mine = waiting
    const keep = (outcome: Outcome<T>) => {
      if (latest !== mine) return
      latest = mine = Promise.resolve(outcome)
      const now = clock.now()
      keptUntil = now + keptMilliseconds(outcome.is === 'answer' ? now - began : 0)
    }
    latest = mine
    void waiting.then(keep)
    void asking.then((outcome) => outcome.is === 'answer' && keep(outcome))
    return waiting
  }
}

async function outcomeOf<T>(ask: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { is: 'answer', value: await ask() }
  } catch (error) {
    return { is: 'failure', error }
  }
}

function withPatience<T>(clock: Clock, milliseconds: number, asking: Promise<Outcome<T>>): Promise<Outcome<T>> {
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => resolve({ is: 'silence' }))
    void asking.then((outcome) => {
      cancel()
      resolve(outcome)
    })
  })
}
