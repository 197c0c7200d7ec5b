import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import type { Clock } from '../session/index.ts'
import { type Outcome, singleFlightCache } from './single-flight-cache.ts'

/** The problem of a dependency, such as the database. `undefined` when the dependency is available. */
type CheckResult = string | ReadinessProblem | undefined
export type ReadinessCheck = () => Promise<CheckResult>

export interface ReadinessProblem {
  /** `/readyz` shows this text, so it must contain no secrets. */
  text: string
  /** The error for the log. */
  error?: unknown
  /** When true, the server stays ready despite the problem. */
  isDegraded?: boolean
}

interface ReadinessReport {
  status: 'ready' | 'degraded' | 'not ready' | 'stopping'
  /** The result of each check by its name: `ok` or the problem. */
  checks: Record<string, string>
}

const PATIENCE_MILLISECONDS = 2000
const KEPT_MILLISECONDS = 1000
const RETRY_AFTER_SECONDS = 5

export class Readiness {
  readonly #checks: readonly (readonly [name: string, ask: () => Promise<Outcome<CheckResult>>])[]
  readonly #log: Logger
  #reported = 'ready'
  #stopping = false

  constructor(checks: Record<string, ReadinessCheck>, { clock, log }: { clock: Clock; log: Logger }) {
    const cache = { clock, patienceMilliseconds: PATIENCE_MILLISECONDS, keptMilliseconds: () => KEPT_MILLISECONDS }
    this.#checks = Object.entries(checks).map(([name, check]) => [name, singleFlightCache(check, cache)])
    this.#log = log
  }

  /** After this call, `report` returns `stopping` and runs no checks. */
  stop(): void {
    this.#stopping = true
  }

  /** Resolves within two seconds. Never rejects. */
  async report(): Promise<ReadinessReport> {
    if (this.#stopping) return { status: 'stopping', checks: {} }
    const outcomes = await Promise.all(this.#checks.map(async ([name, ask]) => [name, await ask()] as const))
    const found = outcomes.map(([name, outcome]) => [name, problemOf(outcome)] as const)
    const problems = found.flatMap(([, problem]) => problem ?? [])
    const checks = Object.fromEntries(found.map(([name, problem]) => [name, problem?.text ?? 'ok']))
    const isReady = problems.every(({ isDegraded }) => isDegraded)
    const status = problems.length === 0 ? 'ready' : isReady ? 'degraded' : 'not ready'
    const report: ReadinessReport = { status, checks }
    this.#logChange(report, problems)
    return report
  }

  #logChange({ status, checks }: ReadinessReport, problems: readonly ReadinessProblem[]): void {
    const state = status === 'ready' ? status : JSON.stringify(checks)
    if (state === this.#reported) return
    this.#reported = state
    const err = problems.find(({ error }) => error !== undefined)?.error
    this.#log.warn({ event: 'readiness', checks, err }, `this server is ${status}`)
  }
}

function problemOf(outcome: Outcome<CheckResult>): ReadinessProblem | undefined {
  switch (outcome.is) {
    case 'answer':
      return typeof outcome.value === 'string' ? { text: outcome.value } : outcome.value
    case 'failure':
      return { text: 'cannot be reached', error: outcome.error }
    case 'silence':
      return { text: `did not answer within ${PATIENCE_MILLISECONDS / 1000} s` }
  }
}

/** Mount this middleware above `sessions`, because a health check needs no session. */
export function readinessPage(readiness: Readiness) {
  return async function readinessPage(ctx: Context, next: Next) {
    if (ctx.path !== '/readyz' || !['GET', 'HEAD'].includes(ctx.method)) return next()
    const report = await readiness.report()
    if (report.status === 'not ready' || report.status === 'stopping') {
      ctx.status = 503
      ctx.set('Retry-After', String(RETRY_AFTER_SECONDS))
    }
    ctx.body = report
  }
}
