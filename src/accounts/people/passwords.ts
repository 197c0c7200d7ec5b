import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { Problem } from '../../web/problem.ts'
import { costOf, dummyHash, isPasswordHash } from './password-hash.ts'
import type { OwnWords, Weakness } from './password-strength.ts'
import type { PasswordResult, PasswordTask } from './password-worker.ts'

/** bcrypt ignores all bytes after the 72nd, so longer passwords are refused. */
export const LONGEST_PASSWORD_BYTES = 72

// With only one thread, the server could not process two passwords at the same time.
const FEWEST_THREADS = 2
// When this many passwords wait, a further request would wait too long, so it gets status 503 at once.
const MOST_WAITING = 32
const RETRY_AFTER_SECONDS = 5

export interface Passwords {
  /**
   * Returns a bcrypt hash.
   * @throws TypeError for a password that `passwordProblem` refuses.
   * @throws Problem 503 with `Retry-After` when the queue is full.
   */
  hash(password: string): Promise<string>
  /**
   * If `hash` is undefined or damaged, returns `false` after the time of a real comparison, to hide which accounts
   * exist.
   * @throws Problem 503 with `Retry-After` when the queue is full.
   */
  verify(password: string, hash: string | undefined): Promise<boolean>
  /**
   * Returns why a password is easy to guess.
   * @throws Problem 503 with `Retry-After` when the queue is full.
   */
  weaknessOf(password: string, words: OwnWords): Promise<Weakness | undefined>
  /** Whether the hash has another cost than new hashes. */
  isOutdated(hash: string): boolean
  /** Every password then takes at least the time of this cost. */
  expectCost(cost: number): void
  /** How many passwords wait for a thread, and how many are being processed. */
  readonly load: { waiting: number; running: number }
  close(): Promise<void>
}

interface PasswordPool {
  readonly queueSize: number
  run(task: PasswordTask): Promise<PasswordResult>
  close(): Promise<void>
}

interface PasswordOptions {
  /** The bcrypt cost. Each increment doubles the time. */
  cost: number
  /** A password that is public. `verify` returns `false` for it. */
  refused?: string | undefined
}

/** The first password starts the threads. */
export function createPasswords(
  { cost, refused }: PasswordOptions,
  startPool: () => PasswordPool = startThreads,
): Passwords {
  let highestCost = cost
  let pool: PasswordPool | undefined
  let accepted = 0

  async function run(task: PasswordTask): Promise<PasswordResult> {
    pool ??= startPool()
    if (pool.queueSize >= MOST_WAITING) {
      throw new Problem(503, 'Many people are signing in at this moment. Please try again in a few seconds.', {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      })
    }
    accepted++
    try {
      return await pool.run(task)
    } finally {
      accepted--
    }
  }

  return {
    async hash(password) {
      const problem = passwordProblem(password)
      if (problem !== undefined) throw new TypeError(problem)
      return String(await run({ kind: 'hash', password: password.normalize('NFC'), cost }))
    },
    async verify(password, hash) {
      const compared = hash !== undefined && isPasswordHash(hash) ? hash : undefined
      const possible = compared !== undefined && password !== refused && passwordProblem(password) === undefined
      const task = {
        kind: 'compare',
        password: possible ? password.normalize('NFC') : '',
        hash: compared ?? dummyHash(highestCost),
        cost: highestCost,
      } as const
      const fits = await run(task)
      return possible && fits === true
    },
    async weaknessOf(password, words) {
      return (await run({ kind: 'judge', password: password.normalize('NFC'), words })) as Weakness | undefined
    },
    isOutdated: (hash) => costOf(hash) !== cost,
    expectCost(other) {
      highestCost = Math.max(highestCost, other)
    },
    get load() {
      const waiting = pool?.queueSize ?? 0
      return { waiting, running: Math.max(0, accepted - waiting) }
    },
    async close() {
      await pool?.close()
    },
  }
}

/** Returns why bcrypt cannot store the password. The length is counted in UTF-8 bytes after NFC normalization. */
export function passwordProblem(password: string): string | undefined {
  const bytes = Buffer.byteLength(password.normalize('NFC'))
  if (bytes > LONGEST_PASSWORD_BYTES)
    return `This password is ${bytes} bytes long; at most ${LONGEST_PASSWORD_BYTES} can be kept. Choose a shorter one.`
  // bcrypt repeats the password and adds a NUL to each copy. "a" and "a␀a" would therefore be the same password.
  if (password.includes('\0')) return 'This password contains a character that cannot be kept. Choose another one.'
  if (password === '') return 'The password is empty. Choose one.'
  return undefined
}

function startThreads(): PasswordPool {
  const threads = Math.max(FEWEST_THREADS, availableParallelism() - 1)
  return new Piscina({
    filename: new URL('./password-worker.ts', import.meta.url).href,
    minThreads: FEWEST_THREADS,
    maxThreads: threads,
    maxQueue: Number.POSITIVE_INFINITY,
    // Makes the thread load its module with import(). Stopping a thread during require() would end the whole process.
    execArgv: ['--no-experimental-require-module'],
    niceIncrement: 10,
  })
}
