import { type MetricReport, mergeReports } from '../../metrics/index.ts'

// Workers that do not answer in time are left out. Scrapes usually time out after ten seconds.
const TIMEOUT_MILLISECONDS = 3000

interface Round {
  missing: number
  reports: MetricReport[]
  complete(): void
}

/** Collects the metrics of all processes in numbered rounds. */
export class MetricsCollector {
  readonly #askWorkers: (round: number) => number
  readonly #ownReport: () => Promise<MetricReport>
  readonly #rounds = new Map<number, Round>()
  #last = 0

  /** `askWorkers` asks each worker for its report and returns the number of workers. */
  constructor(askWorkers: (round: number) => number, ownReport: () => Promise<MetricReport>) {
    this.#askWorkers = askWorkers
    this.#ownReport = ownReport
  }

  /** The metrics of all processes in Prometheus's text format. */
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

  /** Takes the answer of a worker. */
  receive(number: number, report: MetricReport): void {
    const round = this.#rounds.get(number)
    if (!round) return
    round.reports.push(report)
    if (--round.missing === 0) round.complete()
  }
}
