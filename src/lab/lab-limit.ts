import { consumeAll, limiterInMemory, type MakeLimiter, NetworkLimiter } from '../accounts/index.ts'
import { formatCount } from '../web/format.ts'
import { Problem } from '../web/problem.ts'

const RUNS_A_MINUTE = 30
const STEPS_A_MINUTE = 60

/** The rate limits of the lab. The lab runs in one process, so the counts are in its memory. */
export class LabLimit {
  readonly #runs: NetworkLimiter
  readonly #steps: NetworkLimiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    this.#runs = new NetworkLimiter(makeLimiter, { keyPrefix: 'lab', points: RUNS_A_MINUTE, duration: 60 })
    this.#steps = new NetworkLimiter(makeLimiter, { keyPrefix: 'lab-step', points: STEPS_A_MINUTE, duration: 60 })
  }

  /**
   * Counts a run of an experiment, or the start of a sandbox.
   * @throws Problem 429 when the network has no run left.
   */
  async countRun(address: string): Promise<void> {
    await count(this.#runs, address, `run ${RUNS_A_MINUTE} experiments`)
  }

  /** Counts a step in a sandbox. @throws Problem 429 when the network has no step left. */
  async countStep(address: string): Promise<void> {
    await count(this.#steps, address, `make ${STEPS_A_MINUTE} steps`)
  }
}

async function count(limiter: NetworkLimiter, address: string, what: string): Promise<void> {
  const seconds = await consumeAll(limiter.countsOf(address))
  if (seconds === undefined) return
  const wait = formatCount(seconds, 'second', 'seconds')
  throw new Problem(429, `Your network may ${what} a minute. Please try again in ${wait}.`, {
    'Retry-After': String(seconds),
  })
}
