import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Clock, Sessions } from '../session/index.ts'
import { askedGauge } from './asked-gauge.ts'
import { countRequests, type ObserveRequest } from './count-requests.ts'
import { countSessions } from './count-sessions.ts'
import { gaugeStoreWrites, type StoreWrites } from './store-writes.ts'
import { countStoreCalls, type ObserveCall } from './timed-store.ts'

interface MeasuredParts {
  clock: Clock
  /** Null when the server runs without sessions. */
  sessions: Pick<Sessions, 'on' | 'count'> | null
  storeWrites: () => Promise<StoreWrites>
  passwords: { readonly load: { waiting: number; running: number } }
  streams: { readonly size: number }
  /** `undefined` in worker processes, because only the primary counts the sessions and the mail. */
  mailCount: (() => Promise<number>) | undefined
}

/** The metrics of one process as JSON, for transfer to another process. */
export type MetricReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly observeStoreCall: ObserveCall
  readonly observeRequest: ObserveRequest
  readonly #own = new Registry()

  constructor() {
    this.observeStoreCall = countStoreCalls(this.#own)
    this.observeRequest = countRequests(this.#own)
    processMetrics()
  }

  /** Registers the metrics of the given parts. Call it once. */
  measure({ clock, sessions, storeWrites, passwords, streams, mailCount }: MeasuredParts): void {
    if (sessions !== null) {
      countSessions(this.#own, sessions)
      gaugeStoreWrites(this.#own, storeWrites)
      if (mailCount) this.#gaugeSessions(sessions, clock)
    }
    if (mailCount) this.#gaugeMail(mailCount, clock)
    this.#gauge('crm_password_hashes_waiting', 'Passwords that wait to be hashed.', () => passwords.load.waiting)
    this.#gauge('crm_password_hashes_running', 'Passwords that are being hashed.', () => passwords.load.running)
    this.#gauge('crm_event_streams_open', 'Event streams (SSE) that are open.', () => streams.size)
  }

  /** Returns the metrics in Prometheus text format. */
  async text(): Promise<string> {
    return inTextFormat(this.#merged())
  }

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

let processRegistry: Registry | undefined

/** Returns the metrics of memory, CPU, event loop and garbage collection. All servers of a process share them. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry })
  }
  return processRegistry
}

/** Merges the reports of processes. Sums counters and queue lengths, but not the values from a shared store. */
export function mergeReports(reports: readonly MetricReport[]): Promise<string> {
  return inTextFormat(AggregatorRegistry.aggregate([...reports]))
}

/** Replaces "Nan" with "NaN", because prom-client writes "Nan" and the text format requires "NaN". */
async function inTextFormat(registry: Registry): Promise<string> {
  return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN')
}
