import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SessionError } from '../../session/index.ts'

/** A rate limit over a time window. The package rate-limiter-flexible implements this interface. */
export interface Limiter {
  /** Consumes one point of the key. Rejects with a `RateLimiterRes` when the key has no point left. */
  consume(key: string): Promise<unknown>
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

/** Creates a limiter. In a cluster, the limiters of all workers must share their counts. */
export type MakeLimiter = (options: LimiterOptions) => Limiter

export const limiterInMemory: MakeLimiter = (options) => new RateLimiterMemory(options)

export type Count = readonly [limiter: Limiter, key: string]

/**
 * Consumes one point of each key, in order. Stops at the first key without a point, and returns the number of seconds
 * until this key has a point again.
 * @throws SessionError STORE_UNAVAILABLE when a limiter fails. The caller must then refuse the attempt.
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

/** Gives one point back to each key. Ignores errors. */
export async function refundAll(counts: readonly Count[]): Promise<void> {
  await Promise.allSettled(counts.map(([limiter, key]) => limiter.reward(hashKey(key))))
}

/** Keys contain e-mail addresses, which must not be stored in clear text. */
function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 32)
}
