import { FOR_SHARED_CACHES, isPrivate, PRIVATE, varyByCookie, withoutCookie } from '../http/caching.ts'
import type { Reply } from '../http/open-session.ts'

// A body of these types may be a stream that reads `session.signal` only after the response was returned.
const STREAMED = /^(text\/event-stream|application\/(x-ndjson|octet-stream))/i

/** Collects what the session sets while a handler runs, and adds this to the handler's `Response`. */
export class FetchReply implements Reply {
  readonly #cookieName: string
  readonly #signal: AbortSignal
  readonly #closers: (() => void)[] = []
  #cookie: string | undefined
  #referrerPolicy: string | undefined
  #cacheControl: string | undefined
  #varies = false
  #state: 'open' | 'sent' | 'watched' | 'closed' = 'open'

  /** `signal` is the signal of the request, which aborts when the client leaves. */
  constructor(cookieName: string, signal: AbortSignal) {
    this.#cookieName = cookieName
    this.#signal = signal
  }

  readonly forbidCaching = (): void => {
    this.#cacheControl = PRIVATE
    this.#varies = true
  }

  /** For responses to bearer tokens, which do not depend on a cookie. */
  forbidStoring(): void {
    this.#cacheControl = 'no-store'
  }

  readonly setReferrerPolicy = (policy: string): void => {
    this.#referrerPolicy = policy
  }

  readonly headersSent = (): boolean => this.#state !== 'open'

  readonly setCookie = (header: string): void => {
    this.#cookie = header
  }

  /** @throws TypeError if the response was returned, and nothing observes the end of its body. */
  readonly onClose = (run: () => void): void => {
    if (this.#state === 'closed') run()
    else if (this.#state === 'sent')
      throw new TypeError('session.signal: read the signal before you return the response.')
    else this.#closers.push(run)
  }

  /** Adds the session's headers to a response. Call this method once, after the handler and its pending calls. */
  addTo(response: Response): Response {
    this.#state = 'sent'
    if (response.status === 0 || response.status === 101) return this.#closed(response)
    const prepared = withMutableHeaders(response)
    this.#setHeaders(prepared.headers)
    const { body } = prepared
    if (body === null) return this.#closed(prepared)
    const type = prepared.headers.get('content-type')
    if (this.#closers.length === 0 && type !== null && !STREAMED.test(type)) return prepared
    this.#state = 'watched'
    this.#signal.addEventListener('abort', this.close, { once: true })
    if (this.#signal.aborted) this.close()
    return new Response(observed(body, this.close), prepared)
  }

  /** The response was sent, or the client has left. */
  readonly close = (): void => {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#signal.removeEventListener('abort', this.close)
    for (const run of this.#closers.splice(0)) run()
  }

  #closed(response: Response): Response {
    this.close()
    return response
  }

  #setHeaders(headers: Headers): void {
    if (this.#referrerPolicy !== undefined && !headers.has('referrer-policy'))
      headers.set('Referrer-Policy', this.#referrerPolicy)
    if (this.#varies) headers.set('Vary', varyByCookie(headers.get('vary') ?? ''))
    if (this.#cacheControl !== undefined && !headers.has('cache-control'))
      headers.set('Cache-Control', this.#cacheControl)
    if (this.#cookie === undefined) return
    const others = withoutCookie(headers.getSetCookie(), this.#cookieName)
    headers.delete('set-cookie')
    for (const cookie of [...others, this.#cookie]) headers.append('Set-Cookie', cookie)
    if (!isPrivate(headers.get('cache-control') ?? '')) headers.set('Cache-Control', PRIVATE)
    for (const name of [...headers.keys()]) if (FOR_SHARED_CACHES.test(name)) headers.delete(name)
  }
}

/** The headers of some responses, for instance of `Response.redirect`, cannot be changed. */
function withMutableHeaders(response: Response): Response {
  try {
    response.headers.delete('x-changeable')
    return response
  } catch {
    return new Response(response.body, response)
  }
}

/** Calls `onEnd` when the body ends, fails or is cancelled. */
function observed(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          onEnd()
          controller.close()
        } catch (error) {
          onEnd()
          controller.error(error)
        }
      },
      cancel(reason) {
        onEnd()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
