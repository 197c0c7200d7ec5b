import cluster from 'node:cluster'
import type { MetricReport } from '../metrics/index.ts'

/** The messages between a worker and the primary that started the worker. */
export interface PrimaryLink {
  readonly workerId: number
  /** Notifies the primary that mail waits in the outbox. */
  wakeMail(): void
  /** Calls `run` when the primary stops this worker or has ended. */
  onStop(run: () => void): void
  /**
   * Resolves when all workers have closed their listeners, or after a second. Close connections only after this.
   * Otherwise a client could connect again to a worker that is about to close its listener.
   */
  untilListenersClosed(): Promise<void>
  /** Returns the metrics of all processes as text for Prometheus. Rejects after 5 s without a reply. */
  metricsOfAll(): Promise<string>
  /** Calls `report` whenever the primary collects metrics, and sends the result to the primary. */
  onMetricsWanted(report: () => Promise<MetricReport>): void
}

/** A reply has the `id` of its request. */
export type WorkerMessage =
  | { to: 'primary'; is: 'mail waits' }
  | { to: 'primary'; is: 'listener closed' }
  | { to: 'primary'; is: 'metrics wanted'; id: number }
  | { to: 'primary'; is: 'metrics of one'; id: number; report: MetricReport }
export type PrimaryMessage =
  | { to: 'worker'; is: 'stop' }
  | { to: 'worker'; is: 'all listeners closed' }
  | { to: 'worker'; is: 'metrics wanted'; id: number }
  | { to: 'worker'; is: 'metrics of all'; id: number; text: string }

const TIMEOUT_MILLISECONDS = 5000
const LISTENERS_MILLISECONDS = 1000

/** Returns `undefined` in a process that is not a worker. */
export function linkToPrimary(): PrimaryLink | undefined {
  const { worker } = cluster
  if (!worker) return undefined
  let questions = 0

  function send(message: WorkerMessage): void {
    // Sending fails only when the primary has ended. The `disconnect` event then stops this worker.
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }

  return {
    workerId: worker.id,
    wakeMail: () => send({ to: 'primary', is: 'mail waits' }),
    onStop(run) {
      process.once('disconnect', run)
      onMessage((message) => message.is === 'stop' && run())
    },
    untilListenersClosed() {
      return new Promise((resolve) => {
        const done = () => {
          off()
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(done, LISTENERS_MILLISECONDS)
        const off = onMessage((message) => message.is === 'all listeners closed' && done())
        send({ to: 'primary', is: 'listener closed' })
      })
    },
    metricsOfAll() {
      const id = ++questions
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          off()
          reject(new Error('The primary did not collect the metrics in time.'))
        }, TIMEOUT_MILLISECONDS)
        const off = onMessage((message) => {
          if (message.is !== 'metrics of all' || message.id !== id) return
          off()
          clearTimeout(timer)
          resolve(message.text)
        })
        send({ to: 'primary', is: 'metrics wanted', id })
      })
    },
    onMetricsWanted(report) {
      onMessage((message) => {
        if (message.is !== 'metrics wanted') return
        const { id } = message
        void report().then((own) => send({ to: 'primary', is: 'metrics of one', id, report: own }))
      })
    },
  }
}

/** Distinguishes the messages of workers from those that Node sends over the same channel. */
export function isForPrimary(message: unknown): message is WorkerMessage {
  return (message as Partial<WorkerMessage> | null)?.to === 'primary'
}

function onMessage(listener: (message: PrimaryMessage) => void): () => void {
  const listen = (message: unknown) => {
    if ((message as Partial<PrimaryMessage> | null)?.to === 'worker') listener(message as PrimaryMessage)
  }
  process.on('message', listen)
  return () => void process.off('message', listen)
}
