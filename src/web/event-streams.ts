import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import type { Clock } from '../session/index.ts'

interface EventStream {
  /** Aborts when the server ends the stream or the client disconnects. */
  readonly signal: AbortSignal
  /** Does nothing once the stream has ended. */
  send(event: string, data: unknown): void
  end(): void
}

const LONGEST_MILLISECONDS = 5 * 60_000
// Each stream sends a comment at this interval, because proxies close connections without traffic.
const BEAT_MILLISECONDS = 25_000
const MOST_STREAMS = 1000
const RECONNECT_MILLISECONDS = 2000

/** Server-sent events. Each key has at most one stream, and the number of streams is limited. */
export class EventStreams {
  readonly #clock: Clock
  readonly #most: number
  readonly #open = new Map<string, EventStream>()
  #stopped = false

  constructor(clock: Clock, { most = MOST_STREAMS }: { most?: number } = {}) {
    this.#clock = clock
    this.#most = most
  }

  /**
   * Responds with a stream. The stream ends when `signal` aborts, after five minutes, or when another stream with the
   * same `key` opens. Before a new stream replaces this stream, the server sends the event "elsewhere". Opens no stream
   * and returns `undefined` when `signal` has aborted (status 204) or too many streams are open (status `whenFull`). Nor
   * for a HEAD request, whose status is that of a GET request.
   */
  open(ctx: Context, key: string, signal: AbortSignal, { whenFull = 204 }: { whenFull?: 204 | 503 } = {}) {
    const isFull = this.#stopped || (this.#open.size >= this.#most && !this.#open.has(key))
    if (signal.aborted || isFull) {
      ctx.status = signal.aborted ? 204 : whenFull
      return undefined
    }
    ctx.status = 200
    ctx.type = 'text/event-stream'
    if (ctx.method === 'HEAD') return undefined
    const former = this.#open.get(key)
    former?.send('elsewhere', {})
    former?.end()

    const body = new PassThrough()
    const over = new AbortController()
    const stream: EventStream = {
      signal: over.signal,
      send(event, data) {
        if (!over.signal.aborted) body.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      },
      end: () => {
        if (over.signal.aborted) return
        over.abort()
        cancelLimit()
        cancelBeat()
        signal.removeEventListener('abort', stream.end)
        if (this.#open.get(key) === stream) this.#open.delete(key)
        body.end()
      },
    }
    const cancelLimit = this.#clock.after(LONGEST_MILLISECONDS, stream.end)
    let cancelBeat = () => {}
    const beat = () => {
      body.write(': still here\n\n')
      cancelBeat = this.#clock.after(BEAT_MILLISECONDS, beat)
    }
    cancelBeat = this.#clock.after(BEAT_MILLISECONDS, beat)
    signal.addEventListener('abort', stream.end)
    ctx.res.once('close', stream.end)
    this.#open.set(key, stream)

    ctx.set('X-Accel-Buffering', 'no')
    ctx.body = body
    body.write(`retry: ${RECONNECT_MILLISECONDS}\n\n`)
    return stream
  }

  get size(): number {
    return this.#open.size
  }

  /** Ends all streams, because a graceful shutdown would wait for them. Later streams are refused. */
  stop(): void {
    this.#stopped = true
    for (const stream of [...this.#open.values()]) stream.end()
  }
}
