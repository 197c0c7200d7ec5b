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

const REFUSED: Shown = { user: null, notes: [], isRefused: true }

const OTHER_SITE = 'other.example'

interface Cookie {
  value: string
  /** In lower case. '' stands for a cookie without the attribute. */
  sameSite: string
}

/** What the browser says about the page that causes a request. */
interface Source {
  who: string
  origin: string
  site: 'same-origin' | 'cross-site'
}

/** A browser with its own cookie jar. It stores the cookies of each response when the response arrives. */
export class Browser {
  readonly #who: string
  readonly #origin: string
  readonly #record: (sent: SentRequest) => void
  readonly #agent = new Agent({ keepAlive: true })
  readonly #jar = new Map<string, Cookie>()

  constructor(who: string, origin: string, record: (sent: SentRequest) => void) {
    this.#who = who
    this.#origin = origin
    this.#record = record
  }

  /** The `Cookie` header of the next request. */
  get cookie(): string {
    return this.#cookies(() => true)
  }

  /** Puts the cookies of a `Cookie` header into the jar. */
  plant(cookie: string): void {
    for (const pair of cookie.split('; ')) this.#take(pair)
  }

  get(path: string): Promise<Shown> {
    return this.#send('GET', path, this.cookie, this.#ownPage)
  }

  post(path: string, cookie = this.cookie): Promise<Shown> {
    return this.#send('POST', path, cookie, this.#ownPage)
  }

  /**
   * Sends a form of a page on another site. A browser opens the response as a page, so it stores the cookies of the
   * response. A cookie without SameSite goes along in Firefox and Safari. In Chromium it does so in the first two
   * minutes, and no run takes longer.
   */
  postFromOtherSite(path: string): Promise<Shown> {
    const cookie = this.#cookies(({ sameSite }) => sameSite === '' || sameSite === 'none')
    return this.#send('POST', path, cookie, { who: OTHER_SITE, origin: `https://${OTHER_SITE}`, site: 'cross-site' })
  }

  /** Opens a one-time link. Presses the button if the page shows a button. */
  async open(link: string): Promise<Shown> {
    const shown = await this.get(link)
    return shown.question ? this.post(link) : shown
  }

  close(): void {
    this.#agent.destroy()
  }

  get #ownPage(): Source {
    return { who: this.#who, origin: this.#origin, site: 'same-origin' }
  }

  #cookies(isSent: (cookie: Cookie) => boolean): string {
    const sent = [...this.#jar].filter(([, cookie]) => isSent(cookie))
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  async #send(method: string, path: string, cookie: string, source: Source): Promise<Shown> {
    const from = performance.now()
    const response = await this.#exchange(method, path, cookie, source)
    const body = await text(response)
    const status = response.statusCode ?? 0
    const lines = response.headers['set-cookie'] ?? []
    for (const line of lines) this.#take(line)
    const shown: Shown = status < 400 ? JSON.parse(body) : REFUSED
    const changed = lines.length === 0 ? '' : lines.every(isCleared) ? 'cleared' : 'set'
    this.#record({ who: source.who, method, path, from, until: performance.now(), status, cookie: changed, shown })
    return shown
  }

  #exchange(method: string, path: string, cookie: string, { origin, site }: Source): Promise<IncomingMessage> {
    const headers: Record<string, string> = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': site }
    if (method === 'POST') Object.assign(headers, { origin, 'content-length': '0' })
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
    const [, sameSite = ''] = /;\s*samesite=(\w+)/i.exec(line) ?? []
    if (isCleared(line)) this.#jar.delete(name)
    else this.#jar.set(name, { value, sameSite: sameSite.toLowerCase() })
  }
}

function isCleared(line: string): boolean {
  return /max-age=0|expires=thu, 01 jan 1970/i.test(line)
}
