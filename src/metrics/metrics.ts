import { AggregatorRegistry, Gauge, Registry } from 'prom-client'
import type { Clock, Sessions } from '../session/index.ts'
import { askedGauge } from './asked-gauge.ts'
import { countRequests, type ObserveRequest } from './count-requests.ts'
import { countSessions } from './count-sessions.ts'
import { processMetrics } from './process-metrics.ts'
import { countStoreCalls } from './store-calls.ts'
import type { ObserveCall } from './timed-store.ts'

/** The sources of the gauges. */
interface MeasuredParts {
  clock: Clock
  /** Null when the server runs without sessions. */
  sessions: Pick<Sessions, 'on' | 'count'> | null
  passwords: { readonly load: { waiting: number; running: number } }
  streams: { readonly size: number }
  /** `undefined` in workers: only the primary reads what all processes share. */
  mailCount: (() => Promise<number>) | undefined
}

/** The metrics of one process as JSON, which can be sent to another process. */
export type MetricReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** The metrics of one server, in a registry of its own. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  /** For `timedStore`. */
  readonly observeStoreCall: ObserveCall
  /** For `measureRequests`. */
  readonly observeRequest: ObserveRequest
  readonly #own = new Registry()

  constructor() {
    this.observeStoreCall = countStoreCalls(this.#own)
    this.observeRequest = countRequests(this.#own)
    processMetrics()
  }

  /** Counts the events of these parts, and reads their gauges at each scrape. Call it once. */
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

  /** For `mergeReports`. */
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
      help: 'Unsent mails in the outbox.',
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

/** The metrics of several processes as one text: counters and queues are added, values read from a shared store are not. */
export function mergeReports(reports: readonly MetricReport[]): Promise<string> {
  return inTextFormat(AggregatorRegistry.aggregate([...reports]))
}

/** Corrects prom-client's spelling of NaN. */
async function inTextFormat(registry: Registry): Promise<string> {
  return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN')
}
