import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SessionError } from '../../session/index.ts'
import { networksOf } from '../../web/client-address.ts'

/** A rate limit over a time window. The package rate-limiter-flexible implements this interface. */
export interface Limiter {
  readonly points: number
  /** Consumes one point of the key. Rejects with a `RateLimiterRes` when the key has no point left. */
  consume(key: string): Promise<unknown>
  /** Returns null for a key whose window has ended. */
  get(key: string): Promise<{ consumedPoints: number; msBeforeNext: number } | null>
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

// One client may own all /64 networks of its /48 network, but several clients may share a /48 network too.
const SITE_FACTOR = 5

/** A rate limit for each network of a client. An IPv6 /48 network has five times the points of a /64 network. */
export class NetworkLimiter {
  readonly #perClient: Limiter
  readonly #perSite: Limiter

  constructor(makeLimiter: MakeLimiter, options: LimiterOptions) {
    const { keyPrefix, points } = options
    this.#perClient = makeLimiter(options)
    this.#perSite = makeLimiter({ ...options, keyPrefix: `${keyPrefix}-site`, points: points * SITE_FACTOR })
  }

  /** With `name`, each name has points of its own in each network. */
  countsOf(address: string, name = ''): Count[] {
    const { own, site } = networksOf(address)
    const perClient: Count = [this.#perClient, `${name} from ${own}`]
    return site === undefined ? [perClient] : [[this.#perSite, `${name} from ${site}`], perClient]
  }
}

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
    if (refusal instanceof RateLimiterRes) return secondsOf(refusal)
    throw unavailable(refusal)
  }
}

/**
 * Returns the number of seconds until each key has a point, or `undefined` if each key has one now. Consumes no point.
 * @throws SessionError STORE_UNAVAILABLE when a limiter fails. The caller must then refuse the attempt.
 */
export async function secondsToWait(counts: readonly Count[]): Promise<number | undefined> {
  const waits = await Promise.all(
    counts.map(async ([limiter, key]) => {
      const used = await limiter.get(hashKey(key))
      const isUsedUp = used !== null && used.consumedPoints >= limiter.points && used.msBeforeNext > 0
      return isUsedUp ? secondsOf(used) : 0
    }),
  ).catch((error) => {
    throw unavailable(error)
  })
  return Math.max(...waits) || undefined
}

function secondsOf({ msBeforeNext }: { msBeforeNext: number }): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}

function unavailable(cause: unknown): SessionError {
  return new SessionError(
    'STORE_UNAVAILABLE',
    'Rate limiting is unavailable, so the attempt was not processed. Try again in a few seconds.',
    { cause },
  )
}

/** Keys contain e-mail addresses, which must not be stored in clear text. */
function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 32)
}
