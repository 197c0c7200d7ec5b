import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'

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
  /** Aborts the request, as if the visitor left. */
  signal?: AbortSignal
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** The headers of a page navigation. */
const NAVIGATION = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'document' }

const WEB_SOCKET = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** The client's end of an upgraded connection. `status` is 101, or the status of the refusal. */
class UpgradedSocket {
  readonly status: number
  readonly setCookies: string[]
  readonly closed: Promise<void>
  readonly #socket: Socket
  #text: string

  constructor({ statusCode = 0, headers }: IncomingMessage, socket: Socket, first: Buffer) {
    this.status = statusCode
    this.setCookies = headers['set-cookie'] ?? []
    this.#socket = socket
    this.#text = String(first)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {}) // the server may close the connection at any time
    socket.on('data', (chunk) => {
      this.#text += chunk
    })
  }

  /** Waits for a text, also inside of a frame of the WebSocket protocol. */
  async received(expected: RegExp): Promise<string> {
    while (!expected.test(this.#text)) {
      if (this.#socket.destroyed) throw new Error(`The connection closed after ${JSON.stringify(this.#text)}.`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return this.#text
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

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
  open(path: string, { method = 'GET', headers = {}, form, body, signal }: Sent = {}): Promise<IncomingMessage> {
    const cookie = this.cookies.size === 0 ? {} : { Cookie: this.cookieHeader }
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent: false as const,
        headers: { ...NAVIGATION, ...cookie, ...(form && FORM), ...headers },
        signal,
      }
      request(new URL(path, this.#url), options, (response) => {
        for (const header of response.headers['set-cookie'] ?? []) this.#keep(header)
        resolve(response)
      })
        .on('error', reject)
        .end(form ? new URLSearchParams(form).toString() : body)
    })
  }

  /** Asks for an upgrade to the WebSocket protocol. */
  upgrade(path = '/', headers: Record<string, string> = { Origin: this.#url }): Promise<UpgradedSocket> {
    return new Promise((resolve, reject) => {
      this.#askForUpgrade(path, headers)
        .on('upgrade', (response, socket, first) => resolve(new UpgradedSocket(response, socket as Socket, first)))
        .on('response', (response) => resolve(new UpgradedSocket(response, response.socket, Buffer.alloc(0))))
        .on('error', reject)
        .end()
    })
  }

  /** Resets the connection of a refused upgrade. */
  async leaveDuringUpgrade(): Promise<void> {
    const asked = this.#askForUpgrade('/', { Origin: 'http://other.example' }).on('error', () => {})
    asked.once('socket', (socket) => socket.once('connect', () => setImmediate(() => socket.resetAndDestroy())))
    asked.end()
    await new Promise((resolve) => asked.once('close', resolve))
  }

  #askForUpgrade(path: string, headers: Record<string, string>) {
    const cookie = this.cookies.size === 0 ? {} : { Cookie: this.cookieHeader }
    return request(new URL(path, this.#url), { agent: false, headers: { ...WEB_SOCKET, ...cookie, ...headers } })
  }

  async state(): Promise<{ userName: string; count: number; id: string }> {
    return JSON.parse((await this.get('/state')).text)
  }

  #keep(header: string): void {
    const [name = '', value = ''] = (header.split(';', 1)[0] ?? '').split(/=(.*)/s)
    if (/; ?max-age=0/i.test(header)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
