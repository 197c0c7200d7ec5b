import cluster from 'node:cluster'
import { Socket } from 'node:net'
import type { MetricReport } from '../metrics/index.ts'

/** The messages between a worker and the primary that started the worker. */
export interface PrimaryLink {
  readonly workerId: number
  /** Notifies the primary that mail waits in the outbox. */
  wakeMail(): void
  /** Asks the primary to stop only this worker. */
  leave(): void
  /** Calls `run` when the primary stops this worker or has ended. */
  onStop(run: () => void): void
  /** Notifies the primary that this worker serves, and calls `serve` with each connection that the primary accepts. */
  onConnection(serve: (socket: Socket) => void): void
  /** Returns the metrics of all processes as text for Prometheus. Rejects after 5 s without a reply. */
  metricsOfAll(): Promise<string>
  /** Calls `report` whenever the primary collects metrics, and sends the result to the primary. */
  onMetricsWanted(report: () => Promise<MetricReport>): void
}

/** A reply has the `id` of its request. */
export type WorkerMessage =
  | { to: 'primary'; is: 'mail waits' }
  | { to: 'primary'; is: 'ready' }
  | { to: 'primary'; is: 'leaving' }
  | { to: 'primary'; is: 'metrics wanted'; id: number }
  | { to: 'primary'; is: 'metrics of one'; id: number; report: MetricReport }
export type PrimaryMessage =
  | { to: 'worker'; is: 'stop' }
  | { to: 'worker'; is: 'connection' }
  | { to: 'worker'; is: 'metrics wanted'; id: number }
  | { to: 'worker'; is: 'metrics of all'; id: number; text: string }

const TIMEOUT_MILLISECONDS = 5000

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
    leave: () => send({ to: 'primary', is: 'leaving' }),
    onStop(run) {
      process.once('disconnect', run)
      onMessage((message) => message.is === 'stop' && run())
    },
    onConnection(serve) {
      onMessage((message, socket) => {
        if (message.is !== 'connection') return
        // The client may have closed the connection meanwhile.
        if (socket instanceof Socket) serve(socket)
        send({ to: 'primary', is: 'ready' })
      })
      send({ to: 'primary', is: 'ready' })
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

function onMessage(listener: (message: PrimaryMessage, handle: unknown) => void): () => void {
  const listen = (message: unknown, handle: unknown) => {
    if ((message as Partial<PrimaryMessage> | null)?.to === 'worker') listener(message as PrimaryMessage, handle)
  }
  process.on('message', listen)
  return () => void process.off('message', listen)
}
