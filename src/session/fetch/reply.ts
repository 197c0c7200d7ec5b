import { cookieNameOf, FOR_SHARED_CACHES, isPrivate, PRIVATE, varyByCookie, withoutCookie } from '../http/caching.ts'
import type { Reply } from '../http/open-session.ts'
import type { OwnAnswer } from '../http/own-answer.ts'

const STREAMED = /^(text\/event-stream|application\/(x-ndjson|octet-stream))/i

// Some middleware drops a response without reading its body, for instance to send 304.
const abandoned = new FinalizationRegistry<() => void>((close) => close())

/** Collects what the session sets while a handler runs, and adds this to the handler's `Response`. */
export class FetchReply implements Reply {
  readonly #cookieName: string
  readonly #request: Pick<Request, 'method' | 'signal'>
  readonly #closers: (() => void)[] = []
  /** By the name of the cookie. */
  readonly #cookies = new Map<string, string>()
  #registration: string | undefined
  #referrerPolicy: string | undefined
  #cacheControl: string | undefined
  #varies = false
  #state: 'open' | 'sent' | 'watched' | 'closed' = 'open'

  /** Without `cookieName`, the reply sets no cookie. */
  constructor(request: Pick<Request, 'method' | 'signal'>, cookieName = '') {
    this.#cookieName = cookieName
    this.#request = request
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
    this.#cookies.set(cookieNameOf(header), header)
  }

  readonly offerBinding = (header: string): void => {
    this.#registration = header
  }

  /** @throws TypeError if the response was returned, and nothing observes the end of its body. */
  readonly onClose = (run: () => void): void => {
    const { signal } = this.#request // Some servers make the signal only when it is read.
    if (this.#state === 'closed' || signal.aborted) run()
    else if (this.#state === 'sent')
      throw new TypeError('session.signal: read the signal before you return the response.')
    else {
      this.#closers.push(run)
      signal.addEventListener('abort', this.#runClosers)
    }
  }

  /** Whether a response contains the session cookie. */
  isCookieIn({ headers }: Response): boolean {
    const cookies = headers.getSetCookie()
    return withoutCookie(cookies, this.#cookieName).length < cookies.length
  }

  /**
   * Adds the session's headers to a response. Call this method once, after the handler and its pending calls.
   * @throws TypeError for a response that cannot be sent. The method can then be called again.
   */
  addTo(response: Response): Response {
    if (response?.bodyUsed !== false || response.body?.locked)
      throw new TypeError('The handler must return a Response, and nothing may have read its body.')
    this.#state = 'sent'
    if (response.status === 0 || response.status === 101) return this.#closed(response)
    // A handler may return one Response for several requests. Only a copy of it may have the cookie of this request.
    const prepared = this.#cookies.size === 0 ? withMutableHeaders(response) : new Response(response.body, response)
    this.#setHeaders(prepared.headers)
    const { body } = prepared
    if (body === null) return this.#closed(prepared)
    if (this.#closers.length === 0 && !mayBeStream(prepared.headers)) return prepared
    if (this.#request.method === 'HEAD' || this.#request.signal.aborted) {
      // A server does not read this body, so that the end of the body is never reached.
      discard(prepared)
      return this.#closed(new Response(null, prepared))
    }
    this.#state = 'watched'
    const watched = observed(body, this.close)
    abandoned.register(watched, this.close)
    return new Response(watched, prepared)
  }

  /** The response was sent, or the client has left. */
  readonly close = (): void => {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (this.#closers.length > 0) this.#runClosers()
  }

  readonly #runClosers = (): void => {
    this.#request.signal.removeEventListener('abort', this.#runClosers)
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
    if (this.#registration !== undefined) headers.set('Secure-Session-Registration', this.#registration)
    if (this.#cookies.size === 0) return
    let cookies = headers.getSetCookie()
    for (const [name, cookie] of this.#cookies) cookies = [...withoutCookie(cookies, name), cookie]
    headers.delete('set-cookie')
    for (const cookie of cookies) headers.append('Set-Cookie', cookie)
    if (!isPrivate(headers.get('cache-control') ?? '')) headers.set('Cache-Control', PRIVATE)
    for (const name of [...headers.keys()]) if (FOR_SHARED_CACHES.test(name)) headers.delete(name)
  }
}

/** Returns an answer of the layer as a response. */
export function responseOf({ status, headers, body }: OwnAnswer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

/** Ends the body of a response that is not sent, so that the source of this body stops. */
export function discard(response: Response): void {
  if (response?.body?.locked === false) response.body.cancel().catch(() => {}) // a body that has failed rejects
}

/** Whether the body may be a stream that reads `session.signal` only after the response was returned. */
function mayBeStream(headers: Headers): boolean {
  const type = headers.get('content-type')
  return type === null || STREAMED.test(type) || headers.has('transfer-encoding')
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
