import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Exchange } from './browser.ts'

const TIMEOUT_MILLISECONDS = 5000

/** The connections of one browser to a server. */
export class HttpConnection {
  readonly #origin: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(origin: string) {
    this.#origin = origin
  }

  readonly exchange: Exchange = async (method, path, headers) => {
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS)
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(this.#origin + path, { method, headers, agent: this.#agent, signal }, resolve)
        .on('error', reject)
        .end()
    })
    const received = new Headers()
    for (const [name, values = []] of Object.entries(answer.headersDistinct))
      for (const value of values) received.append(name, value)
    return new Response(await text(answer), { status: answer.statusCode ?? 0, headers: received })
  }

  close(): void {
    this.#agent.destroy()
  }
}
