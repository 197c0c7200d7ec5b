import type { Context } from 'koa'
import { formatCount } from '../../web/format.ts'
import { consumeAll, limiterInMemory, type MakeLimiter, NetworkLimiter } from '../people/limiter.ts'

/**
 * The hourly rate limit for mails that visitors request. The limit of a mailbox counts each network separately, so that
 * other visitors cannot use it up.
 */
export class SignUpLimit {
  readonly #perMailbox: NetworkLimiter
  readonly #perNetwork: NetworkLimiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const duration = 60 * 60
    this.#perMailbox = new NetworkLimiter(makeLimiter, { keyPrefix: 'mail-mailbox', points: 5, duration })
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'mail-address', points: 100, duration })
  }

  /** Counts one requested mail. If the limit is exceeded, sets status 429 and returns the message for the user. */
  async refuse(ctx: Context, email: string): Promise<string | undefined> {
    const seconds = await this.take(email, ctx.ip)
    if (seconds === undefined) return undefined
    ctx.status = 429
    ctx.set('Retry-After', String(seconds))
    const wait = formatCount(Math.ceil(seconds / 60), 'minute', 'minutes')
    return `Too many mails were requested from your network. Please try again in ${wait}.`
  }

  /** Counts one requested mail. Returns the seconds to wait, or `undefined` if the mail is allowed. */
  take(email: string, address: string): Promise<number | undefined> {
    return consumeAll([
      // The limit of the network is checked first. A client above this limit then uses no points of the mailbox.
      ...this.#perNetwork.countsOf(address),
      ...this.#perMailbox.countsOf(address, email),
    ])
  }
}
