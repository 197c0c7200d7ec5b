import { availableParallelism } from 'node:os'
import bcrypt from 'bcryptjs'
import { Piscina } from 'piscina'
import { Problem } from '../../web/problem.ts'
import type { PasswordTask } from './password-worker.ts'

/** bcrypt looks at no more than this; longer passwords are refused, never cut silently. */
export const LONGEST_PASSWORD_BYTES = 72

// One thread alone starves waiting tasks.
const FEWEST_THREADS = 2
// Beyond this a visitor would wait so long that he would rather be told.
const MOST_WAITING = 32
const RETRY_AFTER_SECONDS = 5

/** Hashes passwords and verifies them, away from the event loop. */
export interface Passwords {
  /** Makes a bcrypt hash. Refuses, with the reason, a password that bcrypt could not keep whole. */
  hash(password: string): Promise<string>
  /**
   * Whether the password fits the hash. Without a hash, because there is no such account, the answer is `false` and
   * takes the same work. Throws 503 with `Retry-After` when too many people wait already.
   */
  verify(password: string, hash: string | undefined): Promise<boolean>
  /** How many passwords wait for a thread, and how many are being worked on. */
  readonly load: { waiting: number; running: number }
  close(): Promise<void>
}

/** The threads that do the work. */
export interface PasswordPool {
  readonly queueSize: number
  run(task: PasswordTask): Promise<string | boolean>
  close(): Promise<void>
}

/** Starts the pool at its first use. `cost` is bcrypt's: each step doubles the time. */
export function createPasswords({ cost }: { cost: number }, startPool: () => PasswordPool = startThreads): Passwords {
  const hashOfNobody = makeHashOfNobody(cost)
  let pool: PasswordPool | undefined
  let begun = 0

  async function run(task: PasswordTask): Promise<string | boolean> {
    pool ??= startPool()
    if (pool.queueSize >= MOST_WAITING) {
      throw new Problem(503, 'Many people are signing in at this moment. Please try again in a few seconds.', {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      })
    }
    begun++
    try {
      return await pool.run(task)
    } finally {
      begun--
    }
  }

  return {
    async hash(password) {
      const problem = passwordProblem(password)
      if (problem !== undefined) throw new TypeError(problem)
      return String(await run({ kind: 'hash', password: password.normalize('NFC'), cost }))
    },
    async verify(password, hash) {
      const possible = hash !== undefined && passwordProblem(password) === undefined
      const task = {
        kind: 'compare',
        password: possible ? password.normalize('NFC') : '',
        hash: hash ?? hashOfNobody,
      } as const
      const fits = await run(task)
      return possible && fits === true
    },
    get load() {
      const waiting = pool?.queueSize ?? 0
      return { waiting, running: Math.max(0, begun - waiting) }
    },
    async close() {
      await pool?.close()
    },
  }
}

/** Why this password cannot be kept, or `undefined`. Its length is counted as it is stored: composed, in UTF-8. */
export function passwordProblem(password: string): string | undefined {
  const bytes = Buffer.byteLength(password.normalize('NFC'))
  if (bytes > LONGEST_PASSWORD_BYTES)
    return `This password is ${bytes} bytes long; at most ${LONGEST_PASSWORD_BYTES} can be kept. Choose a shorter one.`
  // bcrypt takes a NUL for the end of the text: "a" and "a␀a" would be the same password.
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
    // A thread that is stopped while it loads a module by require() takes the whole process along; by import() it does not.
    execArgv: ['--no-experimental-require-module'],
    // Pages come before passwords.
    niceIncrement: 10,
  })
}

/** A well-formed hash that no password has: comparing with it costs what comparing with a real one costs. */
function makeHashOfNobody(cost: number): string {
  return bcrypt.genSaltSync(cost) + '.'.repeat(31)
}
