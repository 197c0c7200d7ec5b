import {
  type Count,
  consumeAll,
  type Limiter,
  limiterInMemory,
  type MakeLimiter,
  NetworkLimiter,
  refundAll,
} from '../people/limiter.ts'

/** An attempt counts as a failure until `refund` is called, so that concurrent attempts cannot exceed the limit. */
type Attempt = { allowed: true; refund(): Promise<void> } | { allowed: false; retryAfterSeconds: number }

/** The rate limit for failed logins. It also applies to unknown accounts, to hide which accounts exist. */
export class LoginLimit {
  readonly #perAccount: NetworkLimiter
  readonly #perNetwork: NetworkLimiter
  readonly #perSession: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const duration = 15 * 60
    this.#perAccount = new NetworkLimiter(makeLimiter, { keyPrefix: 'login-account', points: 10, duration })
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'login-address', points: 100, duration })
    this.#perSession = makeLimiter({ keyPrefix: 'login-session', points: 5, duration })
  }

  /** Call `take` before verifying the password. Call `refund` if the password was right or could not be verified. */
  async take(userId: number | string, address: string, session?: string): Promise<Attempt> {
    const counts: Count[] = [
      ...(session === undefined ? [] : [[this.#perSession, session] as const]),
      ...this.#perNetwork.countsOf(address),
      ...this.#perAccount.countsOf(address, String(userId)),
    ]
    const retryAfterSeconds = await consumeAll(counts)
    if (retryAfterSeconds !== undefined) return { allowed: false, retryAfterSeconds }
    return { allowed: true, refund: () => refundAll(counts) }
  }
}
