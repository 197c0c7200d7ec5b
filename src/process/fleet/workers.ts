import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { StartError } from '../../config/start-error.ts'
import { isForPrimary, type PrimaryMessage, type WorkerMessage } from '../../parts/primary-link.ts'

export interface WorkersOptions {
  program: string
  count: number
  /** The variables that workers receive in addition to the environment of this process. */
  env: Record<string, string>
  log: Logger
  /** Handles a message of a worker. `answer` sends a message to that worker only. */
  onMessage(message: Exclude<WorkerMessage, { is: 'listener closed' }>, answer: (message: PrimaryMessage) => void): void
  /** The time limit for stopping all workers together. */
  stopWithinMilliseconds: number
}

// The pause before a restart doubles while workers die within 30 s of their start.
const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 30_000
const STEADY_MILLISECONDS = 30_000
const ALL_CLOSED: PrimaryMessage = { to: 'worker', is: 'all listeners closed' }

/** Starts a number of workers, and replaces each worker that dies. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #running = new Set<Worker>()
  readonly #serving = new WeakSet<Worker>()
  readonly #refusing = new WeakSet<Worker>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  #deathsInARow = 0
  #started = false
  #stopping = false

  constructor(options: WorkersOptions) {
    this.#options = options
    cluster.setupPrimary({ exec: options.program, args: [] })
  }

  /** Resolves when all workers listen. Rejects with a `StartError` when a worker ends before it listens. */
  async start(): Promise<void> {
    const { count } = this.#options
    const starting = Array.from({ length: count }, () => this.#fork())
    await Promise.all(starting.map(serves))
    this.#started = true
  }

  /** Gracefully stops all workers at once. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const timer of this.#pauses) clearTimeout(timer)
    await Promise.all([...this.#running].map((worker) => this.#stopOne(worker)))
  }

  async #stopOne(worker: Worker): Promise<void> {
    const gone = once(worker, 'exit')
    // A worker that does not listen yet receives no messages. A signal may stop it, as it has no requests in flight.
    if (this.#serving.has(worker)) send(worker, { to: 'worker', is: 'stop' })
    else worker.process.kill('SIGTERM')
    await Promise.race([gone, pause(this.#options.stopWithinMilliseconds, undefined, { ref: false })])
    worker.process.kill('SIGKILL')
    await gone
  }

  /** Sends `message` to all workers, and returns their number. */
  broadcast(message: PrimaryMessage): number {
    for (const worker of this.#running) send(worker, message)
    return this.#running.size
  }

  #fork(): Worker {
    const { env, log, onMessage } = this.#options
    const worker = cluster.fork(env)
    const since = performance.now()
    this.#running.add(worker)
    worker.once('listening', () => this.#serving.add(worker))
    worker.on('message', (message: unknown) => {
      if (!isForPrimary(message)) return
      if (message.is === 'listener closed') this.#listenerClosed(worker)
      else onMessage(message, (answer) => send(worker, answer))
    })
    // Node emits this event when a message is sent to a worker that has just died.
    worker.on('error', (err) =>
      log.warn({ event: 'worker.trouble', worker: worker.id, err }, 'a message to a worker failed'),
    )
    worker.once('exit', (code: number | null, signal: string | null) => {
      this.#running.delete(worker)
      if (this.#stopping) this.#tellWhenAllRefuse()
      if (this.#started && !this.#stopping) this.#replace(worker, performance.now() - since, code, signal)
    })
    return worker
  }

  #listenerClosed(worker: Worker): void {
    this.#refusing.add(worker)
    if (this.#stopping) this.#tellWhenAllRefuse()
    else send(worker, ALL_CLOSED)
  }

  #tellWhenAllRefuse(): void {
    if ([...this.#running].every((worker) => this.#refusing.has(worker))) this.broadcast(ALL_CLOSED)
  }

  #replace({ id }: Worker, lived: number, code: number | null, signal: string | null): void {
    this.#deathsInARow = lived < STEADY_MILLISECONDS ? this.#deathsInARow + 1 : 0
    const wait = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** this.#deathsInARow, LONGEST_PAUSE_MILLISECONDS)
    this.#options.log.warn({ event: 'worker.died', worker: id, code, signal, replacedIn: wait }, 'a worker died')
    const timer = setTimeout(() => {
      this.#pauses.delete(timer)
      this.#fork()
    }, wait)
    this.#pauses.add(timer)
  }
}

/** Sends nothing to a worker that has ended. The 'exit' listener replaces such a worker. */
function send(worker: Worker, message: PrimaryMessage): void {
  if (worker.isConnected()) worker.send(message, () => {})
}

async function serves(worker: Worker): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const died = once(worker, 'exit', { signal }).then(() => {
    throw new StartError('A worker ended before it could serve. Its output above says why.')
  })
  died.catch(() => {})
  await Promise.race([once(worker, 'listening', { signal }), died])
  over.abort()
}
