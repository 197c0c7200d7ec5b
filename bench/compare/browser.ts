import { Agent, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'

const TIMEOUT_MILLISECONDS = 10_000

export interface Page {
  user: string | null
  items: string[]
}

interface Answer {
  response: IncomingMessage
  body: unknown
}

/** A browser with a cookie jar. The jar stores the cookies of each response when the response arrives. */
export class Browser {
  readonly #url: string
  readonly #jar = new Map<string, string>()
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string) {
    this.#url = url
  }

  /** The `Cookie` header of the next request. */
  get cookie(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** The names of the cookies in the jar. */
  get cookieNames(): string[] {
    return [...this.#jar.keys()]
  }

  /** Deletes all cookies. */
  forget(): void {
    this.#jar.clear()
  }

  async page(query = '', cookie = this.cookie): Promise<Page> {
    const { user, items } = (await this.#send('GET', `/page${query}`, cookie)).body as Page
    return { user: user ?? null, items: items ?? [] }
  }

  /** Returns whether a read sets a cookie. */
  async readSetsCookie(): Promise<boolean> {
    const { response } = await this.#send('GET', '/page', this.cookie)
    return response.headers['set-cookie'] !== undefined
  }

  async post(path: string, cookie = this.cookie): Promise<void> {
    await this.#send('POST', path, cookie)
  }

  /** Returns whether a request with this `Cookie` header is signed in. Does not change the jar. */
  async isSignedIn(cookie = this.cookie): Promise<boolean> {
    const stranger = new Browser(this.#url)
    try {
      return (await stranger.page('', cookie)).user !== null
    } finally {
      stranger.close()
    }
  }

  /** Sends a request that controls a hold or reads the store. The contestant does not receive this request. */
  async probe<Result>(what: string, name = ''): Promise<Result> {
    return (await this.#send('GET', `/probe/${what}?name=${name}`, '')).body as Result
  }

  close(): void {
    this.#agent.destroy()
  }

  async #send(method: string, path: string, cookie: string): Promise<Answer> {
    const { host, origin } = new URL(this.#url)
    const headers: Record<string, string> = { host, 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
    if (method === 'POST') Object.assign(headers, { origin, 'content-length': '0' })
    if (cookie !== '') headers.cookie = cookie
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS)
      request(this.#url + path, { method, headers, agent: this.#agent, signal }, resolve)
        .on('error', reject)
        .end()
    })
    for (const line of response.headers['set-cookie'] ?? []) this.#take(line)
    return { response, body: await json(response).catch(() => ({})) }
  }

  #take(line: string): void {
    const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? []
    const expires = /; *expires=([^;]+)/i.exec(attributes)?.[1]
    const isPast = /; *max-age=(0|-\d+)/i.test(attributes) || (expires && Date.parse(expires) <= Date.now())
    if (isPast) this.#jar.delete(name)
    else this.#jar.set(name, value)
  }
}
