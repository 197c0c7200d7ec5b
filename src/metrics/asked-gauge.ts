import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../session/index.ts'
import { singleFlightCache } from '../web/single-flight-cache.ts'

const TIMEOUT_MILLISECONDS = 1000
const SHORTEST_KEPT_MILLISECONDS = 5000
// A result is cached for 100 times the duration of its query. Queries therefore run for at most 1% of the time.
const KEPT_BY_TIME_TAKEN = 100

interface AskedGauge {
  name: string
  help: string
  labelName: string
  /** Returns the value of the gauge for each value of the label. */
  ask(): Promise<Record<string, number>>
}

/** Registers a gauge whose values come from a query. If the query fails or times out, a scrape omits the gauge. */
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
    // All processes read the same values from the same store, so the values must not be summed.
    aggregator: 'max',
    async collect() {
      const outcome = await answer()
      this.reset()
      if (outcome.is !== 'answer') return
      for (const [label, value] of Object.entries(outcome.value)) this.set({ [labelName]: label }, value)
    },
  })
}
