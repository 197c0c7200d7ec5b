import cluster, { type Worker } from 'node:cluster'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { StartError } from '../../config/start-error.ts'
import { isForPrimary, type PrimaryMessage, type WorkerMessage } from '../../parts/primary-link.ts'

export interface WorkersOptions {
  program: string
  count: number
  log: Logger
  /** Handles a message of a worker. `answer` sends a message to that worker only. */
  onMessage(
    message: Exclude<WorkerMessage, { is: 'ready' } | { is: 'leaving' }>,
    answer: (message: PrimaryMessage) => void,
  ): void
  /** The time limit for stopping all workers together. */
  stopWithinMilliseconds: number
}

type State = 'starting' | 'serving' | 'leaving' | 'stopping'

// The pause before a restart doubles while workers die within 30 s of their start.
const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 30_000
const STEADY_MILLISECONDS = 30_000
// At the stop, the accepted connections wait no longer than this for a free worker.
const HAND_OVER_MILLISECONDS = 900

/** Starts a number of workers, hands them connections in turn, and replaces each worker that dies. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #running = new Map<Worker, State>()
  /** Workers that can take a connection. A worker takes one at a time. */
  readonly #free: Worker[] = []
  readonly #waiting: Socket[] = []
  /** Connections that were sent to a worker. This process closes its copy when the worker has received its own. */
  readonly #sent = new Map<Worker, Socket>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  #env: Record<string, string> = {}
  #deathsInARow = 0
  #started = false
  #stopping = false

  constructor(options: WorkersOptions) {
    this.#options = options
    cluster.setupPrimary({ exec: options.program, args: [] })
  }

  /**
   * The workers receive `env` in addition to the environment of this process. Resolves when all workers serve. Rejects
   * with a `StartError` when a worker ends before it serves.
   */
  async start(env: Record<string, string>): Promise<void> {
    this.#env = env
    const starting = Array.from({ length: this.#options.count }, () => this.#fork())
    await Promise.all(starting.map(serves))
    this.#started = true
  }

  /** Hands a connection to the next free worker. Nothing may have been read from it. */
  serve(socket: Socket): void {
    this.#waiting.push(socket)
    this.#handOver()
  }

  /** Gracefully stops all workers at once. Before this, the connections that wait are handed to the workers. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const timer of this.#pauses) clearTimeout(timer)
    const end = performance.now() + HAND_OVER_MILLISECONDS
    while (this.#waiting.length + this.#sent.size > 0 && performance.now() < end) await pause(5)
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    await Promise.all([...this.#running.keys()].map((worker) => this.#stopOne(worker)))
  }

  async #stopOne(worker: Worker): Promise<void> {
    const gone = new Promise((resolve) => worker.once('exit', resolve))
    // A worker that does not serve yet receives no messages. A signal may stop it, as it has no requests in flight.
    if (this.#running.get(worker) === 'starting') worker.process.kill('SIGTERM')
    else this.#tellToStop(worker)
    await Promise.race([gone, pause(this.#options.stopWithinMilliseconds, undefined, { ref: false })])
    worker.process.kill('SIGKILL')
    await gone
  }

  /** Sends `message` to all workers, and returns their number. */
  broadcast(message: PrimaryMessage): number {
    for (const worker of this.#running.keys()) send(worker, message)
    return this.#running.size
  }

  #fork(): Worker {
    const { log, onMessage } = this.#options
    const worker = cluster.fork(this.#env)
    const since = performance.now()
    this.#running.set(worker, 'starting')
    worker.on('message', (message: unknown) => {
      if (!isForPrimary(message)) return
      if (message.is === 'ready') this.#isReady(worker)
      else if (message.is === 'leaving') this.#leaves(worker)
      else onMessage(message, (answer) => send(worker, answer))
    })
    // Node emits this event when a message is sent to a worker that has just died.
    worker.on('error', (err) =>
      log.warn({ event: 'worker.trouble', worker: worker.id, err }, 'a message to a worker failed'),
    )
    worker.once('exit', (code: number | null, signal: string | null) => {
      this.#running.delete(worker)
      this.#takeOut(worker)
      const socket = this.#sent.get(worker)
      this.#sent.delete(worker)
      if (socket) this.serve(socket)
      if (this.#started && !this.#stopping) this.#replace(worker, performance.now() - since, code, signal)
    })
    return worker
  }

  #isReady(worker: Worker): void {
    this.#sent.get(worker)?.destroy()
    this.#sent.delete(worker)
    const state = this.#running.get(worker)
    if (state === undefined || state === 'stopping') return
    if (state === 'starting') this.#running.set(worker, 'serving')
    this.#free.push(worker)
    this.#handOver()
    this.#letLeave()
  }

  #handOver(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const worker = this.#free.shift()
      const socket = this.#waiting.shift()
      if (!worker || !socket) return
      this.#sent.set(worker, socket)
      const message: PrimaryMessage = { to: 'worker', is: 'connection' }
      worker.send(message, socket, { keepOpen: true }, () => {})
    }
  }

  #leaves(worker: Worker): void {
    this.#running.set(worker, 'leaving')
    this.#letLeave()
  }

  /** A signal may reach all processes. The last worker then serves until the primary has closed the listener. */
  #letLeave(): void {
    if (![...this.#running.values()].includes('serving')) return
    for (const [worker, state] of this.#running) if (state === 'leaving') this.#tellToStop(worker)
  }

  #tellToStop(worker: Worker): void {
    this.#running.set(worker, 'stopping')
    this.#takeOut(worker)
    send(worker, { to: 'worker', is: 'stop' })
  }

  #takeOut(worker: Worker): void {
    const place = this.#free.indexOf(worker)
    if (place >= 0) this.#free.splice(place, 1)
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

function serves(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: unknown) => isForPrimary(message) && message.is === 'ready' && resolve())
    worker.once('exit', () =>
      reject(new StartError('A worker ended before it could serve. Its output above says why.')),
    )
  })
}
