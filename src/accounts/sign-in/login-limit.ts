import {
  type Count,
  consumeAll,
  type Limiter,
  limiterInMemory,
  type MakeLimiter,
  refundAll,
} from '../people/limiter.ts'

/** An attempt counts as a failure until `refund` is called, so that concurrent attempts cannot exceed the limit. */
type Attempt = { allowed: true; refund(): Promise<void> } | { allowed: false; retryAfterSeconds: number }

/** The rate limit for failed logins. It also applies to unknown accounts, to hide which accounts exist. */
export class LoginLimit {
  readonly #perAccount: Limiter
  readonly #perAddress: Limiter
  readonly #perSession: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const duration = 15 * 60
    this.#perAccount = makeLimiter({ keyPrefix: 'login-account', points: 10, duration })
    this.#perAddress = makeLimiter({ keyPrefix: 'login-address', points: 100, duration })
    this.#perSession = makeLimiter({ keyPrefix: 'login-session', points: 5, duration })
  }

  /** Call `take` before verifying the password. Call `refund` if the password was right or could not be verified. */
  async take(userId: number | string, address: string, session?: string): Promise<Attempt> {
    const network = networkOf(address)
    const counts: Count[] = [
      ...(session === undefined ? [] : [[this.#perSession, session] as const]),
      [this.#perAddress, network],
      [this.#perAccount, `${userId} from ${network}`],
    ]
    const retryAfterSeconds = await consumeAll(counts)
    if (retryAfterSeconds !== undefined) return { allowed: false, retryAfterSeconds }
    return { allowed: true, refund: () => refundAll(counts) }
  }
}

/** Returns a rate-limit key. The addresses of an IPv6 /64 network share a key, because one client can use them all. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::', 2)
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
