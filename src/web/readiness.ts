import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import type { Clock } from '../session/index.ts'
import { askTogether, type Outcome } from './ask-together.ts'

/**
 * Looks at one thing that this server cannot do without. Answers what is wrong, in words that anybody may read: no address, no
 * password; undefined when all is well. What it throws is told to the log alone.
 */
export type ReadinessCheck = () => Promise<string | undefined>

/** What is told of the server: each check by its name, `ok` or what is wrong. */
export interface ReadinessReport {
  status: 'ready' | 'not ready' | 'stopping'
  checks: Record<string, string>
}

const PATIENCE_MILLISECONDS = 2000
// However often somebody asks, each check is made once a second at most.
const KEPT_MILLISECONDS = 1000
const RETRY_AFTER_SECONDS = 5

/** Whether this server should be given requests: all that it needs answers, and it is not about to stop. */
export class Readiness {
  readonly #checks: readonly (readonly [name: string, ask: () => Promise<Outcome<string | undefined>>])[]
  readonly #log: Logger
  #told = 'ready'
  #stopping = false

  constructor(checks: Record<string, ReadinessCheck>, { clock, log }: { clock: Clock; log: Logger }) {
    const patience = { patienceMilliseconds: PATIENCE_MILLISECONDS, keptMilliseconds: () => KEPT_MILLISECONDS }
    this.#checks = Object.entries(checks).map(([name, check]) => [name, askTogether(check, { clock, ...patience })])
    this.#log = log
  }

  /** From now on the server is not ready, whatever answers. */
  stop(): void {
    this.#stopping = true
  }

  /** Makes all checks at once and answers within two seconds. Never rejects. */
  async report(): Promise<ReadinessReport> {
    if (this.#stopping) return { status: 'stopping', checks: {} }
    const outcomes = await Promise.all(this.#checks.map(async ([name, ask]) => [name, await ask()] as const))
    const checks = Object.fromEntries(outcomes.map(([name, outcome]) => [name, wordsFor(outcome)]))
    const isReady = Object.values(checks).every((words) => words === OK)
    const report: ReadinessReport = { status: isReady ? 'ready' : 'not ready', checks }
    this.#tellOnce(report, outcomes)
    return report
  }

  /** The log hears of it when something has changed, and not each time that somebody asks. */
  #tellOnce({ status, checks }: ReadinessReport, outcomes: readonly (readonly [string, Outcome<unknown>])[]): void {
    const state = status === 'ready' ? status : JSON.stringify(checks)
    if (state === this.#told) return
    this.#told = state
    const failure = outcomes.map(([, outcome]) => outcome).find(({ is }) => is === 'failure')
    const err = failure?.is === 'failure' ? failure.error : undefined
    this.#log.warn({ event: 'readiness', checks, err }, `this server is ${status}`)
  }
}

const OK = 'ok'

function wordsFor(outcome: Outcome<string | undefined>): string {
  switch (outcome.is) {
    case 'answer':
      return outcome.value ?? OK
    case 'failure':
      return 'cannot be reached'
    case 'silence':
      return `did not answer within ${PATIENCE_MILLISECONDS / 1000} s`
  }
}

/** Answers `/readyz`: whether a load balancer should send people here. Above sessions: it neither sets a cookie nor touches anything. */
export function readinessPage(readiness: Readiness) {
  return async function readinessPage(ctx: Context, next: Next) {
    if (ctx.path !== '/readyz' || !['GET', 'HEAD'].includes(ctx.method)) return next()
    const report = await readiness.report()
    ctx.set('Cache-Control', 'no-store')
    if (report.status !== 'ready') {
      ctx.status = 503
      ctx.set('Retry-After', String(RETRY_AFTER_SECONDS))
    }
    ctx.body = report
  }
}
