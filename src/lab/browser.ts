import { BrowserKey } from './browser-key.ts'
import type { Shown } from './contestant.ts'

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
  /** The time of the contestant's clock. */
  clock: number
}

const NOTHING: Shown = { user: null, notes: [] }

const OTHER_SITE = 'other.example'

/** Sends a request, and returns its answer. */
export type Exchange = (method: string, path: string, headers: Record<string, string>) => Promise<Response>

interface Parts {
  origin: string
  exchange: Exchange
  now: () => number
  record: (sent: SentRequest) => void
  /** Whether the browser has device binding. Default: true. */
  hasKey?: boolean
}

interface Cookie {
  value: string
  /** In lower case. '' stands for a cookie without the attribute. */
  sameSite: string
  expires: number
}

/**
 * A browser with its own cookie jar. It stores the cookies of each response when the response arrives. If a response
 * offers device binding, the browser registers its key, and proves it when the bound cookie has expired.
 */
export class Browser {
  readonly #who: string
  readonly #parts: Parts
  readonly #jar = new Map<string, Cookie>()
  readonly #key = new BrowserKey()

  constructor(who: string, parts: Parts) {
    this.#who = who
    this.#parts = parts
  }

  /** The `Cookie` header of the next request. */
  get cookie(): string {
    return this.#cookies(() => true)
  }

  /** The time at which the first of its cookies expires. */
  get expires(): number {
    return Math.min(...[...this.#jar.values()].map(({ expires }) => expires))
  }

  /** Puts the cookies of a `Cookie` header into the jar. */
  plant(cookie: string): void {
    for (const pair of cookie.split('; ')) this.#take(pair)
  }

  get(path: string): Promise<Shown> {
    return this.#open('GET', path)
  }

  post(path: string, cookie?: string): Promise<Shown> {
    return this.#open('POST', path, cookie)
  }

  /** Opens a one-time link. Presses the button if the page shows a button. */
  async open(link: string): Promise<Shown> {
    const shown = await this.get(link)
    return shown.question ? this.post(link) : shown
  }

  /**
   * Sends a form of a page on another site. Its response is opened as a page, so the browser stores the cookies of the
   * response. A cookie without SameSite goes along in Firefox and Safari. In Chromium, it goes along in the first two
   * minutes, so an experiment must not move the clock before it calls this method.
   */
  async postFromOtherSite(path: string): Promise<Shown> {
    const cookie = this.#cookies(({ sameSite }) => sameSite === '' || sameSite === 'none')
    const headers = { origin: `https://${OTHER_SITE}`, 'sec-fetch-site': 'cross-site' }
    return (await this.#send('POST', path, headers, cookie, OTHER_SITE)).shown
  }

  #cookies(isSent: (cookie: Cookie) => boolean): string {
    const now = this.#parts.now()
    const sent = [...this.#jar].filter(([, cookie]) => now < cookie.expires && isSent(cookie))
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  async #open(method: string, path: string, cookie?: string): Promise<Shown> {
    // The challenge of the last proof may be too old. The answer then contains a new one.
    for (let proofs = 0; proofs < 2; proofs++) {
      const proof = this.#key.proof(this.cookie)
      if (proof) this.#key.take(await this.#send('POST', proof.path, proof.headers))
    }
    const { headers, shown } = await this.#send(method, path, {}, cookie)
    const { hasKey = true } = this.#parts
    const registration = hasKey && this.#key.registration(headers.get('secure-session-registration'))
    if (registration) this.#key.take(await this.#send('POST', registration.path, registration.headers))
    return shown
  }

  async #send(method: string, path: string, more: Record<string, string>, cookie = this.cookie, who = this.#who) {
    const from = performance.now()
    const response = await this.#parts.exchange(method, path, { ...this.#headers(method, cookie), ...more })
    const body = await response.text()
    const { status, headers } = response
    const lines = headers.getSetCookie()
    for (const line of lines) this.#take(line)
    const shown: Shown = status < 400 ? { ...NOTHING, ...JSON.parse(body) } : { ...NOTHING, isRefused: true }
    const changed = lines.length === 0 ? '' : lines.every(isCleared) ? 'cleared' : 'set'
    this.#parts.record({
      who,
      method,
      path,
      from,
      until: performance.now(),
      status,
      cookie: changed,
      shown,
      clock: this.#parts.now(),
    })
    return { status, headers, body, shown }
  }

  #headers(method: string, cookie: string): Record<string, string> {
    return {
      'user-agent': this.#who,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'same-origin',
      ...(method === 'POST' && { origin: this.#parts.origin, 'content-length': '0' }),
      ...(cookie !== '' && { cookie }),
    }
  }

  #take(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    const [, seconds = Number.POSITIVE_INFINITY] = /max-age=(\d+)/i.exec(line) ?? []
    const [, sameSite = ''] = /; samesite=(\w+)/i.exec(line) ?? []
    if (isCleared(line)) this.#jar.delete(name)
    else
      this.#jar.set(name, {
        value,
        sameSite: sameSite.toLowerCase(),
        expires: this.#parts.now() + Number(seconds) * 1000,
      })
  }
}

function isCleared(line: string): boolean {
  return /max-age=0(?!\d)|expires=thu, 01 jan 1970/i.test(line)
}
