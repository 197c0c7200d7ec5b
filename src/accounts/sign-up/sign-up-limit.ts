import { countAll, type Limiter, limiterInMemory, type MakeLimiter } from '../people/limiter.ts'
import { networkOf } from '../sign-in/login-limit.ts'

const WINDOW_SECONDS = 60 * 60
const REQUESTS_PER_MAILBOX = 5
const REQUESTS_PER_ADDRESS = 100

/** Slows down those who fill other people's mailboxes: 5 requests per e-mail address, 100 per network address, an hour. */
export class SignUpLimit {
  readonly #perMailbox: Limiter
  readonly #perAddress: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const make = (keyPrefix: string, points: number) => makeLimiter({ keyPrefix, points, duration: WINDOW_SECONDS })
    this.#perMailbox = make('mail-mailbox', REQUESTS_PER_MAILBOX)
    this.#perAddress = make('mail-address', REQUESTS_PER_ADDRESS)
  }

  /** Counts one request for mail. Answers after how many seconds to come back when it is one too many. */
  async take(email: string, address: string): Promise<{ retryAfterSeconds: number } | undefined> {
    const retryAfterSeconds = await countAll([
      // First who asks: whoever is blocked must not use up what others may ask for.
      [this.#perAddress, networkOf(address)],
      [this.#perMailbox, email],
    ])
    return retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  }
}
