import { setTimeout as pause } from 'node:timers/promises'
import { type MetricReport, mergeReports } from '../../metrics/index.ts'

// The result omits workers that do not respond in time. Prometheus usually waits at most ten seconds for the result.
const TIMEOUT_MILLISECONDS = 3000

interface Round {
  missing: number
  reports: MetricReport[]
  done: AbortController
}

/** `askWorkers` asks all workers for a report and returns their number. Workers return `round` with their report. */
export function metricsCollector(askWorkers: (round: number) => number, ownReport: () => Promise<MetricReport>) {
  const rounds = new Map<number, Round>()
  let last = 0

  return {
    async collect(): Promise<string> {
      const number = ++last
      const done = new AbortController()
      const round: Round = { missing: askWorkers(number), reports: [], done }
      rounds.set(number, round)
      if (round.missing > 0) await pause(TIMEOUT_MILLISECONDS, undefined, { signal: done.signal }).catch(() => {})
      rounds.delete(number)
      return mergeReports([await ownReport(), ...round.reports])
    },

    /** Adds the report of a worker. A report that arrives too late is ignored. */
    receive(number: number, report: MetricReport): void {
      const round = rounds.get(number)
      if (!round) return
      round.reports.push(report)
      if (--round.missing === 0) round.done.abort()
    },
  }
}
