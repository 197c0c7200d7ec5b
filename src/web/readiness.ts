import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import type { Clock } from '../session/index.ts'
import { type Outcome, singleFlightCache } from './single-flight-cache.ts'

/** Resolves to `undefined` when the dependency is available, otherwise to a text without secrets for `/readyz`. */
export type ReadinessCheck = () => Promise<string | undefined>

interface ReadinessReport {
  status: 'ready' | 'not ready' | 'stopping'
  /** `ok` or what is wrong, by the name of the check. */
  checks: Record<string, string>
}

const PATIENCE_MILLISECONDS = 2000
const KEPT_MILLISECONDS = 1000
const RETRY_AFTER_SECONDS = 5

export class Readiness {
  readonly #checks: readonly (readonly [name: string, ask: () => Promise<Outcome<string | undefined>>])[]
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
    const checks = Object.fromEntries(outcomes.map(([name, outcome]) => [name, textOf(outcome)]))
    const isReady = Object.values(checks).every((text) => text === OK)
    const report: ReadinessReport = { status: isReady ? 'ready' : 'not ready', checks }
    this.#logChange(report, outcomes)
    return report
  }

  #logChange({ status, checks }: ReadinessReport, outcomes: readonly (readonly [string, Outcome<unknown>])[]): void {
    const state = status === 'ready' ? status : JSON.stringify(checks)
    if (state === this.#reported) return
    this.#reported = state
    const err = outcomes.map(([, outcome]) => outcome).find((outcome) => outcome.is === 'failure')?.error
    this.#log.warn({ event: 'readiness', checks, err }, `this server is ${status}`)
  }
}

const OK = 'ok'

function textOf(outcome: Outcome<string | undefined>): string {
  switch (outcome.is) {
    case 'answer':
      return outcome.value ?? OK
    case 'failure':
      return 'cannot be reached'
    case 'silence':
      return `did not answer within ${PATIENCE_MILLISECONDS / 1000} s`
  }
}

/** Mount it above `sessions`. */
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
