import { consumeAll, type Limiter, limiterInMemory, type MakeLimiter } from '../people/limiter.ts'
import { networkOf } from '../sign-in/login-limit.ts'

const WINDOW_SECONDS = 60 * 60
const REQUESTS_PER_MAILBOX = 5
const REQUESTS_PER_ADDRESS = 100

/**
 * The rate limit for requested mail. Within an hour it allows 5 mails per e-mail address and 100 mails per network
 * address.
 */
export class SignUpLimit {
  readonly #perMailbox: Limiter
  readonly #perAddress: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const make = (keyPrefix: string, points: number) => makeLimiter({ keyPrefix, points, duration: WINDOW_SECONDS })
    this.#perMailbox = make('mail-mailbox', REQUESTS_PER_MAILBOX)
    this.#perAddress = make('mail-address', REQUESTS_PER_ADDRESS)
  }

  /** Counts one requested mail. Returns `undefined` if the mail is allowed. */
  async take(email: string, address: string): Promise<{ retryAfterSeconds: number } | undefined> {
    const retryAfterSeconds = await consumeAll([
      // The network address is checked first, so that a blocked client does not consume the limit of a mailbox.
      [this.#perAddress, networkOf(address)],
      [this.#perMailbox, email],
    ])
    return retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  }
}
