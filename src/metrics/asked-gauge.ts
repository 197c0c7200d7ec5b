import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../session/index.ts'
import { askTogether } from '../web/ask-together.ts'

// A scrape waits for so long, and then does without this gauge.
const PATIENCE_MILLISECONDS = 1000
const SHORTEST_KEPT_MILLISECONDS = 5000
// Counting a million takes a while: at most a hundredth of the time goes into it.
const KEPT_BY_TIME_TAKEN = 100

interface AskedGauge {
  name: string
  help: string
  labelName: string
  /** Asked when somebody scrapes, and not each time: one value for each value of the label. */
  ask(): Promise<Record<string, number>>
}

/** A gauge whose values somebody else has to be asked for. While he does not answer it has none, and nothing else is missing. */
export function askedGauge(registry: Registry, clock: Clock, { name, help, labelName, ask }: AskedGauge): void {
  const answer = askTogether(ask, {
    clock,
    patienceMilliseconds: PATIENCE_MILLISECONDS,
    keptMilliseconds: (took) => Math.max(SHORTEST_KEPT_MILLISECONDS, took * KEPT_BY_TIME_TAKEN),
  })
  new Gauge({
    name,
    help,
    labelNames: [labelName],
    registers: [registry],
    // Every process asks the same store: their answers are one number, not parts of one.
    aggregator: 'max',
    async collect() {
      const outcome = await answer()
      this.reset()
      if (outcome.is !== 'answer') return
      for (const [label, value] of Object.entries(outcome.value)) this.set({ [labelName]: label }, value)
    },
  })
}
