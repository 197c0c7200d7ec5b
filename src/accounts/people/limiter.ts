import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SessionError } from '../../session/index.ts'

/** A rate limit over a window of time. The limiters of rate-limiter-flexible fit. */
export interface Limiter {
  /** Takes one point. Rejects with a `RateLimiterRes` when none is left. */
  consume(key: string): Promise<unknown>
  reward(key: string): Promise<unknown>
}

export interface LimiterOptions {
  /** Unique for each limiter; letters and hyphens. */
  keyPrefix: string
  points: number
  /** In seconds. */
  duration: number
}

/** Makes a limiter whose counts all worker processes share. */
export type MakeLimiter = (options: LimiterOptions) => Limiter

export const limiterInMemory: MakeLimiter = (options) => new RateLimiterMemory(options)

export type Count = readonly [limiter: Limiter, key: string]

/**
 * Takes one point from each, in order, until one refuses; then returns after how many seconds to try again.
 * @throws SessionError STORE_UNAVAILABLE when the counts cannot be reached: without a count, nothing is allowed.
 */
export async function consumeAll(counts: readonly Count[]): Promise<number | undefined> {
  try {
    for (const [limiter, key] of counts) await limiter.consume(hashKey(key))
    return undefined
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    throw new SessionError(
      'STORE_UNAVAILABLE',
      'Rate limiting is unavailable, so the attempt was not processed. Try again in a few seconds.',
      { cause: refusal },
    )
  }
}

/** Gives back what `consumeAll` took. A point that cannot be given back expires with its window. */
export async function refundAll(counts: readonly Count[]): Promise<void> {
  await Promise.allSettled(counts.map(([limiter, key]) => limiter.reward(hashKey(key))))
}

/** Keys have a fixed length and hold no address in clear text. */
function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 32)
}
