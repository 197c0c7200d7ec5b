import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SessionError } from '../../session/index.ts'

/** Counts what somebody does within a window of time. The limiters of rate-limiter-flexible fit. */
export interface Limiter {
  /** Counts one; rejects with a `RateLimiterRes` when that is one too many. */
  consume(key: string): Promise<unknown>
  /** Takes one back. */
  reward(key: string): Promise<unknown>
}

export interface LimiterOptions {
  /** Tells it from the others; letters and hyphens. */
  keyPrefix: string
  points: number
  /** In seconds. */
  duration: number
}

/** Makes a limiter where all processes that serve see its counts. */
export type MakeLimiter = (options: LimiterOptions) => Limiter

/** For a process that serves alone. */
export const limiterInMemory: MakeLimiter = (options) => new RateLimiterMemory(options)

/** One limiter and who is counted by it. */
export type Count = readonly [limiter: Limiter, key: string]

/**
 * Counts one on each, in this order, until one refuses. Answers after how many seconds to come back in that case.
 * @throws SessionError STORE_UNAVAILABLE where the counts cannot be reached: what cannot be counted is not allowed.
 */
export async function countAll(counts: readonly Count[]): Promise<number | undefined> {
  try {
    for (const [limiter, key] of counts) await limiter.consume(storedAs(key))
    return undefined
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    throw new SessionError(
      'STORE_UNAVAILABLE',
      'Who tries what how often cannot be counted at the moment. Nothing was changed; try again in a few seconds.',
      { cause: refusal },
    )
  }
}

/** Takes back what `countAll` counted. What cannot be taken back now is forgotten with its window. */
export async function giveAllBack(counts: readonly Count[]): Promise<void> {
  await Promise.allSettled(counts.map(([limiter, key]) => limiter.reward(storedAs(key))))
}

/** Of one length, whatever somebody typed, and nobody's address in clear. */
function storedAs(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 32)
}
