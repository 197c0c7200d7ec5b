import { currentVisitor } from '../../public-demo/visit.ts'
import { formatWait } from '../../web/format.ts'
import { Problem } from '../../web/problem.ts'
import { type Count, consumeAll, type Limiter, limiterInMemory, type MakeLimiter } from './limiter.ts'

export const MOST_CUSTOMERS_AN_HOUR = 200
export const MOST_SEARCHES_A_MINUTE = 60
/** An open console refreshes its list at most once a second, so five consoles side by side stay below this limit. */
const MOST_REFRESHES_A_MINUTE = 400

/** Limits what one user may do, on the pages and in the API together. */
export class UsageLimit {
  readonly #customers: Limiter
  readonly #searches: Limiter
  readonly #refreshes: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    this.#customers = makeLimiter({ keyPrefix: 'customers', points: MOST_CUSTOMERS_AN_HOUR, duration: 60 * 60 })
    this.#searches = makeLimiter({ keyPrefix: 'searches', points: MOST_SEARCHES_A_MINUTE, duration: 60 })
    this.#refreshes = makeLimiter({ keyPrefix: 'refreshes', points: MOST_REFRESHES_A_MINUTE, duration: 60 })
  }

  /** Call it before a customer is created. An attempt counts even if it fails. */
  async countCustomer(userId: string): Promise<void> {
    await take([this.#customers, userId], `You may create ${MOST_CUSTOMERS_AN_HOUR} customers an hour.`)
  }

  async countSearch(userId: string): Promise<void> {
    await take([this.#searches, userId], `You may search ${MOST_SEARCHES_A_MINUTE} times a minute.`)
  }

  /** Call it instead of `countSearch` when an open page repeats its search by itself. */
  async countRefresh(userId: string): Promise<void> {
    await take([this.#refreshes, userId], `You may refresh a search ${MOST_REFRESHES_A_MINUTE} times a minute.`)
  }
}

/** @throws Problem 429 when the user has no point left. */
async function take([limiter, userId]: Count, what: string): Promise<void> {
  // On a public demo, visitors share accounts, and each visitor has separate points.
  const seconds = await consumeAll([[limiter, `${userId} ${currentVisitor()}`.trim()]])
  if (seconds === undefined) return
  throw new Problem(429, `${what} Please try again in ${formatWait(seconds)}.`, { 'Retry-After': String(seconds) })
}
