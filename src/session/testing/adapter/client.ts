import { type IncomingMessage, request } from 'node:http'

export interface Received {
  status: number
  headers: IncomingMessage['headers']
  setCookies: string[]
  text: string
}

interface Sent {
  method?: string
  headers?: Record<string, string>
  /** The fields of a form. */
  form?: Record<string, string>
  body?: string
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** The headers of a page navigation. */
const NAVIGATION = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'document' }

/** A browser with its own cookies. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get cookieHeader(): string {
    return [...this.cookies].map((pair) => pair.join('=')).join('; ')
  }

  async get(path: string, sent: Sent = {}): Promise<Received> {
    return this.send(path, { method: 'GET', ...sent })
  }

  async post(path: string, sent: Sent = {}): Promise<Received> {
    return this.send(path, { method: 'POST', ...sent })
  }

  async send(path: string, sent: Sent): Promise<Received> {
    const response = await this.open(path, sent)
    let text = ''
    for await (const chunk of response) text += chunk
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      setCookies: response.headers['set-cookie'] ?? [],
      text,
    }
  }

  /** Resolves as soon as the head of the response has arrived. */
  open(path: string, { method = 'GET', headers = {}, form, body }: Sent = {}): Promise<IncomingMessage> {
    const cookie = this.cookies.size === 0 ? {} : { Cookie: this.cookieHeader }
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent: false as const,
        headers: { ...NAVIGATION, ...cookie, ...(form && FORM), ...headers },
      }
      request(new URL(path, this.#url), options, (response) => {
        for (const header of response.headers['set-cookie'] ?? []) this.#keep(header)
        resolve(response)
      })
        .on('error', reject)
        .end(form ? new URLSearchParams(form).toString() : body)
    })
  }

  async state(): Promise<{ userName: string; count: number; id: string }> {
    return JSON.parse((await this.get('/state')).text)
  }

  #keep(header: string): void {
    const [name = '', value = ''] = (header.split(';', 1)[0] ?? '').split(/=(.*)/s)
    if (/;\s*max-age=0/i.test(header)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
