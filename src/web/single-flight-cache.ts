import type { Clock } from '../session/index.ts'

export type Outcome<T> = { is: 'answer'; value: T } | { is: 'failure'; error: unknown } | { is: 'silence' }

interface SingleFlightOptions {
  clock: Clock
  patienceMilliseconds: number
  /** How long an outcome is cached. `took` is the duration of the call, or 0 after an error or a timeout. */
  keptMilliseconds(took: number): number
}

/** Concurrent callers share one call of `ask`. A value that arrives after the timeout is cached too. Never rejects. */
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
