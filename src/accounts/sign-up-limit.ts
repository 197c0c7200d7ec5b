import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { networkOf } from './login-limit.js'

const WINDOW_SECONDS = 60 * 60
const REQUESTS_PER_MAILBOX = 5
const REQUESTS_PER_ADDRESS = 100

/** Slows down those who fill other people's mailboxes: 5 requests per e-mail address, 100 per network address, an hour. */
export class SignUpLimit {
  readonly #perMailbox = new RateLimiterMemory({ points: REQUESTS_PER_MAILBOX, duration: WINDOW_SECONDS })
  readonly #perAddress = new RateLimiterMemory({ points: REQUESTS_PER_ADDRESS, duration: WINDOW_SECONDS })

  /** Counts one request for mail. Answers after how many seconds to come back when it is one too many. */
  async take(email: string, address: string): Promise<{ retryAfterSeconds: number } | undefined> {
    try {
      // First who asks: whoever is blocked must not use up what others may ask for.
      await this.#perAddress.consume(networkOf(address))
      await this.#perMailbox.consume(email)
      return undefined
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      return { retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) }
    }
  }
}
