import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import type { Clock } from '../session/index.ts'
import { networksOf } from './client-address.ts'
import { Problem } from './problem.ts'

/** `guests` is the limit for all guests of an address. For IPv6, a site is a /48 and an address is a /64 network. */
export const MOST_STREAMS = { session: 6, guests: 2, address: 50, site: 250, process: 1000 } as const
// When all other places are taken, administrators can still open the console.
const RESERVED_STREAMS = 20

interface StreamOptions {
  session: { readonly id: string; isGuest(): boolean }
  /** The status when the server has too many open streams. */
  whenFull?: 204 | 503
  /** Whether the stream may use a reserved place. Such a stream has only the limits of the session and the process. */
  isReserved?: boolean
}

export interface EventStream {
  /** Aborts when the server ends the stream or the client disconnects. */
  readonly signal: AbortSignal
  /** Does nothing once the stream has ended. */
  send(event: string, data: unknown): void
  end(): void
}

const LONGEST_MILLISECONDS = 5 * 60_000
// Each stream sends a comment at this interval, because proxies close connections without traffic.
const BEAT_MILLISECONDS = 25_000
const RECONNECT_MILLISECONDS = 2000
const RETRY_SECONDS = 30

/** Server-sent events. Each key has at most one stream. The limits are those of one process. */
export class EventStreams {
  readonly #clock: Clock
  readonly #most: number
  readonly #open = new Map<string, EventStream & { places: readonly Place[] }>()
  #stopped = false

  constructor(clock: Clock, { most = MOST_STREAMS.process }: { most?: number } = {}) {
    this.#clock = clock
    this.#most = most
  }

  /**
   * Responds with a stream. The stream ends when `signal` aborts, after five minutes, or when another stream with the
   * same `key` opens. Before a new stream replaces this stream, the server sends the event "elsewhere". Returns
   * `undefined` without a stream when `signal` has aborted (status 204), when the server has too many streams (status
   * `whenFull`), and for HEAD (the status of GET).
   * @throws Problem 429 when the session or the address has too many streams, because other clients need streams too.
   */
  open(ctx: Context, key: string, signal: AbortSignal, { session, whenFull = 204, isReserved = false }: StreamOptions) {
    const former = this.#open.get(key)
    const most = this.#most + (isReserved ? RESERVED_STREAMS : 0)
    const isFull = this.#stopped || (this.#open.size >= most && former === undefined)
    // If the client has left, the event "close" of the response has passed, and nothing would end the stream.
    const isOver = signal.aborted || ctx.res.destroyed
    if (isOver || isFull) {
      ctx.status = isOver ? 204 : whenFull
      return undefined
    }
    const places = placesOf(session, isReserved ? undefined : ctx.ip)
    const taken = places.find(({ name, most }) => this.#count(name, key) >= most)
    if (taken !== undefined) throw tooMany(taken)
    ctx.status = 200
    ctx.type = 'text/event-stream'
    if (ctx.method === 'HEAD') return undefined
    former?.send('elsewhere', {})
    former?.end()

    const body = new PassThrough()
    const over = new AbortController()
    const stream = {
      places,
      signal: over.signal,
      send(event: string, data: unknown) {
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

  /** Counts the streams in a place. The new stream replaces the stream with the key `replaced`. */
  #count(name: string, replaced: string): number {
    return [...this.#open].filter(
      ([key, { places }]) => key !== replaced && places.some((place) => place.name === name),
    ).length
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

interface Place {
  name: string
  most: number
  whose: string
}

function placesOf(session: StreamOptions['session'], address: string | undefined): Place[] {
  const ofSession = { name: `session ${session.id}`, most: MOST_STREAMS.session, whose: 'Your session' }
  if (address === undefined) return [ofSession]
  const { own, site } = networksOf(address)
  return [
    ofSession,
    ...(session.isGuest() ? [{ name: `guests of ${own}`, most: MOST_STREAMS.guests, whose: 'Guests' }] : []),
    { name: `address ${own}`, most: MOST_STREAMS.address, whose: 'Your address' },
    ...(site === undefined ? [] : [{ name: `site ${site}`, most: MOST_STREAMS.site, whose: 'Your network' }]),
  ]
}

function tooMany({ most, whose }: Place): Problem {
  const text = `${whose} may have ${most} event streams at a time. Close a page, then try again.`
  return new Problem(429, text, { 'Retry-After': String(RETRY_SECONDS) })
}
