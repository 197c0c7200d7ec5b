import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../session/index.ts'
import { singleFlightCache } from '../web/single-flight-cache.ts'

// After this a scrape goes without the gauge.
const TIMEOUT_MILLISECONDS = 1000
const SHORTEST_KEPT_MILLISECONDS = 5000
// Counting takes at most a hundredth of the time.
const KEPT_BY_TIME_TAKEN = 100

interface AskedGauge {
  name: string
  help: string
  labelName: string
  /** Returns a value for each value of the label. Cached between scrapes. */
  ask(): Promise<Record<string, number>>
}

/** A gauge whose values come from a store or database. Without an answer in time it has no values, and the scrape goes on. */
export function askedGauge(registry: Registry, clock: Clock, { name, help, labelName, ask }: AskedGauge): void {
  const answer = singleFlightCache(ask, {
    clock,
    patienceMilliseconds: TIMEOUT_MILLISECONDS,
    keptMilliseconds: (took) => Math.max(SHORTEST_KEPT_MILLISECONDS, took * KEPT_BY_TIME_TAKEN),
  })
  new Gauge({
    name,
    help,
    labelNames: [labelName],
    registers: [registry],
    // All processes read the same store, so their values are not added.
    aggregator: 'max',
    async collect() {
      const outcome = await answer()
      this.reset()
      if (outcome.is !== 'answer') return
      for (const [label, value] of Object.entries(outcome.value)) this.set({ [labelName]: label }, value)
    },
  })
}
