import { AggregatorRegistry, Gauge, Registry } from 'prom-client'
import type { Clock, Sessions } from '../session/index.ts'
import { askedGauge } from './asked-gauge.ts'
import { countRequests, type ObserveRequest } from './count-requests.ts'
import { countSessions } from './count-sessions.ts'
import { processMetrics } from './process-metrics.ts'
import { countStoreCalls } from './store-calls.ts'
import type { ObserveCall } from './timed-store.ts'

/** What the gauges look at when somebody scrapes. */
interface MeasuredParts {
  clock: Clock
  /** Null when the server runs without sessions. */
  sessions: Pick<Sessions, 'on' | 'count'> | null
  passwords: { readonly load: { waiting: number; running: number } }
  streams: { readonly size: number }
  /** What all processes share is counted by one of them: undefined in the others. */
  mailCount: (() => Promise<number>) | undefined
}

/** The metrics of one process as plain data, which can be sent to another process. */
export type MetricReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** What one server counts and measures, in a registry of its own. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  /** Is told of each call to the session store: see `timedStore`. */
  readonly observeStoreCall: ObserveCall
  /** Is told of each request that was answered. */
  readonly observeRequest: ObserveRequest
  readonly #own = new Registry()

  constructor() {
    this.observeStoreCall = countStoreCalls(this.#own)
    this.observeRequest = countRequests(this.#own)
    processMetrics()
  }

  /** Counts what happens to these parts, and asks them how they are whenever somebody scrapes. Once for each server. */
  measure({ clock, sessions, passwords, streams, mailCount }: MeasuredParts): void {
    if (sessions !== null) {
      countSessions(this.#own, sessions)
      if (mailCount) this.#gaugeSessions(sessions, clock)
    }
    if (mailCount) this.#gaugeMail(mailCount, clock)
    this.#gauge('crm_password_hashes_waiting', 'Passwords that wait to be hashed.', () => passwords.load.waiting)
    this.#gauge('crm_password_hashes_running', 'Passwords that are being hashed.', () => passwords.load.running)
    this.#gauge('crm_event_streams_open', 'Event streams (SSE) that are open.', () => streams.size)
  }

  /** In Prometheus's text format. */
  async text(): Promise<string> {
    return inTextFormat(this.#merged())
  }

  /** For `mergeReports`: what a process of many hands to the one that answers for all. */
  report(): Promise<MetricReport> {
    return this.#merged().getMetricsAsJSON()
  }

  #merged(): Registry {
    return Registry.merge([this.#own, processMetrics()])
  }

  #gaugeSessions(sessions: Pick<Sessions, 'count'>, clock: Clock): void {
    askedGauge(this.#own, clock, {
      name: 'crm_sessions_live',
      help: 'Live sessions, by kind.',
      labelName: 'kind',
      ask: async () => {
        const web = await sessions.count({ kind: 'web' })
        const replaced = await sessions.count({ kind: 'web', state: 'invalidated' })
        return { web: web - replaced, rest: await sessions.count({ kind: 'rest' }) }
      },
    })
  }

  #gaugeMail(mailCount: () => Promise<number>, clock: Clock): void {
    askedGauge(this.#own, clock, {
      name: 'crm_outbox_mails',
      help: 'Mails in the outbox that are still to go out.',
      labelName: 'state',
      ask: async () => ({ waiting: await mailCount() }),
    })
  }

  #gauge(name: string, help: string, look: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#own],
      aggregator: 'sum',
      collect() {
        this.set(look())
      },
    })
  }
}

/** The metrics of several processes as one text: counters and queues are added up, what all of them read in one store is not. */
export function mergeReports(reports: readonly MetricReport[]): Promise<string> {
  return inTextFormat(AggregatorRegistry.aggregate([...reports]))
}

/** The library spells a value that is none in a way of its own. */
async function inTextFormat(registry: Registry): Promise<string> {
  return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN')
}
