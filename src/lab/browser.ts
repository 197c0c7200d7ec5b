import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Shown } from './contestant.ts'

const TIMEOUT_MILLISECONDS = 5000

/** One request of a run. The times are milliseconds since the start of the run. */
export interface SentRequest {
  who: string
  method: string
  path: string
  from: number
  until: number
  status: number
  cookie: 'set' | 'cleared' | ''
  shown: Shown
}

const NOTHING: Shown = { user: null, notes: [] }

/** A browser with its own cookie jar. It stores the cookies of each response when the response arrives. */
export class Browser {
  readonly #who: string
  readonly #origin: string
  readonly #record: (sent: SentRequest) => void
  readonly #agent = new Agent({ keepAlive: true })
  readonly #jar = new Map<string, string>()

  constructor(who: string, origin: string, record: (sent: SentRequest) => void) {
    this.#who = who
    this.#origin = origin
    this.#record = record
  }

  /** The `Cookie` header of the next request. */
  get cookie(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Puts the cookies of a `Cookie` header into the jar. */
  plant(cookie: string): void {
    for (const pair of cookie.split('; ')) this.#take(pair)
  }

  get(path: string): Promise<Shown> {
    return this.#send('GET', path, this.cookie)
  }

  post(path: string, cookie = this.cookie): Promise<Shown> {
    return this.#send('POST', path, cookie)
  }

  /** Opens a one-time link. Presses the button if the page shows a button. */
  async open(link: string): Promise<Shown> {
    const shown = await this.get(link)
    return shown.question ? this.post(link) : shown
  }

  close(): void {
    this.#agent.destroy()
  }

  async #send(method: string, path: string, cookie: string): Promise<Shown> {
    const from = performance.now()
    const response = await this.#exchange(method, path, cookie)
    const body = await text(response)
    const status = response.statusCode ?? 0
    const lines = response.headers['set-cookie'] ?? []
    for (const line of lines) this.#take(line)
    const shown: Shown = status < 400 ? JSON.parse(body) : NOTHING
    const changed = lines.length === 0 ? '' : lines.every(isCleared) ? 'cleared' : 'set'
    this.#record({ who: this.#who, method, path, from, until: performance.now(), status, cookie: changed, shown })
    return shown
  }

  #exchange(method: string, path: string, cookie: string): Promise<IncomingMessage> {
    const headers: Record<string, string> = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
    if (method === 'POST') Object.assign(headers, { origin: this.#origin, 'content-length': '0' })
    if (cookie !== '') headers.cookie = cookie
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS)
    return new Promise((resolve, reject) => {
      request(this.#origin + path, { method, headers, agent: this.#agent, signal }, resolve)
        .on('error', reject)
        .end()
    })
  }

  #take(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (isCleared(line)) this.#jar.delete(name)
    else this.#jar.set(name, value)
  }
}

function isCleared(line: string): boolean {
  return /max-age=0|expires=thu, 01 jan 1970/i.test(line)
}
