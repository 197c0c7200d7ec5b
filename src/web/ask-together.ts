import type { Clock } from '../session/index.ts'

/** What came of asking: an answer, a failure, or nothing in time. */
export type Outcome<T> = { is: 'answer'; value: T } | { is: 'failure'; error: unknown } | { is: 'silence' }

export interface AskOptions {
  clock: Clock
  /** Longer than this nobody waits for an answer. */
  patienceMilliseconds: number
  /** For how long an answer is told to others, by how long it took; what is no answer is kept as one that took no time. */
  keptMilliseconds(took: number): number
}

/**
 * Asks what costs somebody else work, a database for instance, once for all who want to know it: whoever comes while it is asked, or shortly
 * afterwards, gets the same answer. One that comes too late is told to whoever asks next. The function it returns never rejects.
 */
export function askTogether<T>(ask: () => Promise<T>, options: AskOptions): () => Promise<Outcome<T>> {
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
