import { consumeAll, type Limiter, limiterInMemory, type MakeLimiter } from '../people/limiter.ts'
import { networkOf } from '../sign-in/login-limit.ts'

const WINDOW_SECONDS = 60 * 60
const REQUESTS_PER_MAILBOX = 5
const REQUESTS_PER_ADDRESS = 100

/** The rate limit for mail that a visitor requests, within an hour. */
export class SignUpLimit {
  readonly #perMailbox: Limiter
  readonly #perAddress: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const make = (keyPrefix: string, points: number) => makeLimiter({ keyPrefix, points, duration: WINDOW_SECONDS })
    this.#perMailbox = make('mail-mailbox', REQUESTS_PER_MAILBOX)
    this.#perAddress = make('mail-address', REQUESTS_PER_ADDRESS)
  }

  /** Returns `undefined` if the mail is allowed. */
  async take(email: string, address: string): Promise<{ retryAfterSeconds: number } | undefined> {
    const retryAfterSeconds = await consumeAll([
      // The network address comes first, so that a blocked client does not use up the limit of a mailbox.
      [this.#perAddress, networkOf(address)],
      [this.#perMailbox, email],
    ])
    return retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  }
}
