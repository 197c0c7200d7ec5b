import { consumeAll, type Limiter, limiterInMemory, type MakeLimiter } from '../people/limiter.ts'
import { networkOf } from '../sign-in/login-limit.ts'

const WINDOW_SECONDS = 60 * 60
const REQUESTS_PER_MAILBOX = 5
const REQUESTS_PER_ADDRESS = 100

/** The rate limit on requested mail, so that no mailbox can be flooded: 5 per e-mail address and 100 per network address an hour. */
export class SignUpLimit {
  readonly #perMailbox: Limiter
  readonly #perAddress: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const make = (keyPrefix: string, points: number) => makeLimiter({ keyPrefix, points, duration: WINDOW_SECONDS })
    this.#perMailbox = make('mail-mailbox', REQUESTS_PER_MAILBOX)
    this.#perAddress = make('mail-address', REQUESTS_PER_ADDRESS)
  }

  async take(email: string, address: string): Promise<{ retryAfterSeconds: number } | undefined> {
    const retryAfterSeconds = await consumeAll([
      // First the sender: a blocked one must not use up the limit of a mailbox.
      [this.#perAddress, networkOf(address)],
      [this.#perMailbox, email],
    ])
    return retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  }
}
