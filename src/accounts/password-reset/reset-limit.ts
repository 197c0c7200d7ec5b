import { formatCount } from '../../web/format.ts'
import { consumeAll, limiterInMemory, type MakeLimiter, NetworkLimiter } from '../people/limiter.ts'

const HOUR_SECONDS = 60 * 60

/**
 * The hourly rate limits for requesting and redeeming links. A stranger who requests links for another user's address
 * uses up only the points of the stranger's networks, so that the owner can still request a link. The outbox sends at
 * most one mail a minute to an address.
 */
export class ResetLimit {
  readonly #perNetwork: NetworkLimiter
  readonly #perMailbox: NetworkLimiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const duration = HOUR_SECONDS
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'reset-network', points: 50, duration })
    this.#perMailbox = new NetworkLimiter(makeLimiter, { keyPrefix: 'reset-mailbox', points: 5, duration })
  }

  /** Counts a request for a link. Returns the seconds to wait, or `undefined` if the request is allowed. */
  takeRequest(email: string, address: string): Promise<number | undefined> {
    return consumeAll([...this.#perNetwork.countsOf(address), ...this.#perMailbox.countsOf(address, email)])
  }

  /** Counts an attempt to redeem a link. Returns the seconds to wait, or `undefined` if the attempt is allowed. */
  takeAttempt(address: string): Promise<number | undefined> {
    return consumeAll(this.#perNetwork.countsOf(address))
  }
}

export function tooManyResets(seconds: number): string {
  const wait = formatCount(Math.ceil(seconds / 60), 'minute', 'minutes')
  return `Too many password resets were tried for this address or from your network. Please try again in ${wait}.`
}
