import { consumeAll, limiterInMemory, type MakeLimiter, NetworkLimiter } from '../accounts/index.ts'
import { formatCount } from '../web/format.ts'
import { Problem } from '../web/problem.ts'

const RUNS_A_MINUTE = 30

/** The rate limit for runs of experiments. The lab runs in one process, so the counts are in its memory. */
export class LabLimit {
  readonly #perNetwork: NetworkLimiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'lab', points: RUNS_A_MINUTE, duration: 60 })
  }

  /** @throws Problem 429 when the network has no run left. */
  async countRun(address: string): Promise<void> {
    const seconds = await consumeAll(this.#perNetwork.countsOf(address))
    if (seconds === undefined) return
    const wait = formatCount(seconds, 'second', 'seconds')
    throw new Problem(429, `Your network may run ${RUNS_A_MINUTE} experiments a minute. Please try again in ${wait}.`, {
      'Retry-After': String(seconds),
    })
  }
}
