import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SessionError } from '../../session/index.ts'

/** A rate limit over a time window. The limiters of rate-limiter-flexible implement this interface. */
export interface Limiter {
  /** Consumes one point of the key. Rejects with a `RateLimiterRes` when no point is left. */
  consume(key: string): Promise<unknown>
  /** Gives one point back. */
  reward(key: string): Promise<unknown>
}

export interface LimiterOptions {
  /** Unique for each limiter. Contains only letters and hyphens. */
  keyPrefix: string
  /** The number of points per key and window. */
  points: number
  /** The length of the window in seconds. */
  duration: number
}

/** Creates a limiter. In a cluster, the worker processes must share its counts. */
export type MakeLimiter = (options: LimiterOptions) => Limiter

export const limiterInMemory: MakeLimiter = (options) => new RateLimiterMemory(options)

export type Count = readonly [limiter: Limiter, key: string]

/**
 * Consumes one point of each key, in order. If a limiter has no point left, stops and returns the number of seconds
 * until the next attempt is allowed.
 * @throws SessionError STORE_UNAVAILABLE when a limiter fails. The attempt must not be processed then.
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

/** Gives back the points that `consumeAll` consumed (best effort). */
export async function refundAll(counts: readonly Count[]): Promise<void> {
  await Promise.allSettled(counts.map(([limiter, key]) => limiter.reward(hashKey(key))))
}

/** Hashes a key, so that no address is stored in clear text and all keys have the same length. */
function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 32)
}
