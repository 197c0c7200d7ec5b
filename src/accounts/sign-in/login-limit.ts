import {
  type Count,
  countAll,
  giveAllBack,
  type Limiter,
  limiterInMemory,
  type MakeLimiter,
} from '../people/limiter.ts'

const WINDOW_SECONDS = 15 * 60
const FAILURES_PER_ACCOUNT_AND_ADDRESS = 10
const FAILURES_PER_ADDRESS = 100
const FAILURES_PER_SESSION = 5

/** One try at a login: counted as a failure from its first moment, so that many at once cannot slip past the limit. */
export type Attempt = { allowed: true; giveBack(): Promise<void> } | { allowed: false; retryAfterSeconds: number }

/**
 * Slows down guessing: 10 failures per account and address, 100 per address, in 15 minutes. Unknown accounts count alike. Where somebody
 * is signed in and asked for his password again, 5 of the same session: he knows it, and whoever found his browser open does not.
 */
export class LoginLimit {
  readonly #perAccount: Limiter
  readonly #perAddress: Limiter
  readonly #perSession: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const make = (keyPrefix: string, points: number) => makeLimiter({ keyPrefix, points, duration: WINDOW_SECONDS })
    this.#perAccount = make('login-account', FAILURES_PER_ACCOUNT_AND_ADDRESS)
    this.#perAddress = make('login-address', FAILURES_PER_ADDRESS)
    this.#perSession = make('login-session', FAILURES_PER_SESSION)
  }

  /** Takes one try; of a session, if one is named. `giveBack` it when it was no failed guess: a success, or nobody looked at the password. */
  async take(userId: number | string, address: string, session?: string): Promise<Attempt> {
    const network = networkOf(address)
    const counts: Count[] = [
      ...(session === undefined ? [] : [[this.#perSession, session] as const]),
      [this.#perAddress, network],
      [this.#perAccount, `${userId} from ${network}`],
    ]
    const retryAfterSeconds = await countAll(counts)
    if (retryAfterSeconds !== undefined) return { allowed: false, retryAfterSeconds }
    return { allowed: true, giveBack: () => giveAllBack(counts) }
  }
}

/** One customer of an IPv6 provider has a whole /64, so that counts as one address. */
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
