import { type MetricReport, mergeReports } from '../../metrics/index.ts'

// Whoever does not answer by then is left out: a scrape waits for ten seconds as a rule.
const PATIENCE_MILLISECONDS = 3000

interface Round {
  missing: number
  reports: MetricReport[]
  complete(): void
}

/** Collects the metrics of all processes, in rounds that are told apart by a number. */
export class MetricsCollector {
  readonly #askWorkers: (round: number) => number
  readonly #ownReport: () => Promise<MetricReport>
  readonly #rounds = new Map<number, Round>()
  #last = 0

  /** `askWorkers` asks each worker for his report, and answers how many there are. */
  constructor(askWorkers: (round: number) => number, ownReport: () => Promise<MetricReport>) {
    this.#askWorkers = askWorkers
    this.#ownReport = ownReport
  }

  /** What all of them count and measure, in Prometheus's text format. */
  async collect(): Promise<string> {
    const number = ++this.#last
    const reports: MetricReport[] = []
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MILLISECONDS)
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

  /** A worker has answered. */
  receive(number: number, report: MetricReport): void {
    const round = this.#rounds.get(number)
    if (!round) return
    round.reports.push(report)
    if (--round.missing === 0) round.complete()
  }
}
