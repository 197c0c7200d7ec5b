import { type MetricReport, mergeReports } from '../../metrics/index.ts'

// Workers that do not respond in time are left out. Prometheus usually stops waiting after ten seconds.
const TIMEOUT_MILLISECONDS = 3000

interface Round {
  missing: number
  reports: MetricReport[]
  complete(): void
}

export class MetricsCollector {
  readonly #askWorkers: (round: number) => number
  readonly #ownReport: () => Promise<MetricReport>
  readonly #rounds = new Map<number, Round>()
  #last = 0

  /** `askWorkers` requests a report from each worker and returns their number. Each report repeats the `round`. */
  constructor(askWorkers: (round: number) => number, ownReport: () => Promise<MetricReport>) {
    this.#askWorkers = askWorkers
    this.#ownReport = ownReport
  }

  async collect(): Promise<string> {
    const number = ++this.#last
    const reports: MetricReport[] = []
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TIMEOUT_MILLISECONDS)
      const complete = () => {
        clearTimeout(timer)
        resolve()
      }
      const round = { missing: Number.POSITIVE_INFINITY, reports, complete }
      this.#rounds.set(number, round)
      round.missing = this.#askWorkers(number)
      if (round.missing === 0) complete()
    })
    this.#rounds.delete(number)
    return mergeReports([await this.#ownReport(), ...reports])
  }

  /** Adds the report of a worker. A report that arrives too late is ignored. */
  receive(number: number, report: MetricReport): void {
    const round = this.#rounds.get(number)
    if (!round) return
    round.reports.push(report)
    if (--round.missing === 0) round.complete()
  }
}
