import {
  type Count,
  consumeAll,
  type Limiter,
  limiterInMemory,
  type MakeLimiter,
  NetworkLimiter,
  secondsToWait,
} from '../people/limiter.ts'

/** The numbers of failures that are allowed within the window. */
export const LOGIN_LIMITS = { windowMinutes: 15, perName: 10, perNetwork: 100, perDevice: 10, perSession: 5 }

interface Attempt {
  /** The userId or the e-mail address as it was entered. Each has a limit of its own. */
  name: number | string
  address: string
  /** The account and the token of a known device. */
  device?: { userId: string; token: string } | undefined
  session?: string | undefined
}

interface AttemptLimit {
  /** Returns the seconds to wait, or `undefined` if the attempt is allowed. */
  wait(): Promise<number | undefined>
  /** Counts a failure. Returns the seconds to wait if concurrent failures have reached the limit in the meantime. */
  fail(): Promise<number | undefined>
}

/**
 * The rate limit for failed logins. It also applies to unknown accounts, to hide which accounts exist. A known device
 * has only its own limit, so that failures on other devices never lock a user out of a known device.
 */
export class LoginLimit {
  readonly #perName: NetworkLimiter
  readonly #perNetwork: NetworkLimiter
  readonly #perDevice: Limiter
  readonly #perSession: Limiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    const { windowMinutes, perName, perNetwork, perDevice, perSession } = LOGIN_LIMITS
    const duration = windowMinutes * 60
    this.#perName = new NetworkLimiter(makeLimiter, { keyPrefix: 'login-name', points: perName, duration })
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'login-network', points: perNetwork, duration })
    this.#perDevice = makeLimiter({ keyPrefix: 'login-device', points: perDevice, duration })
    this.#perSession = makeLimiter({ keyPrefix: 'login-session', points: perSession, duration })
  }

  /**
   * Call `wait` before verifying the password, and once more after a right password. Call `fail` after a wrong one.
   * Attempts in progress do not count, so any number of right passwords may be verified concurrently.
   */
  attempt({ name, address, device, session }: Attempt): AttemptLimit {
    const counts: Count[] = [
      ...(session === undefined ? [] : [[this.#perSession, session] as const]),
      ...(device === undefined
        ? [...this.#perName.countsOf(address, String(name)), ...this.#perNetwork.countsOf(address)]
        : [[this.#perDevice, `${device.token} of ${device.userId}`] as const]),
    ]
    return { wait: () => secondsToWait(counts), fail: () => consumeAll(counts) }
  }
}
