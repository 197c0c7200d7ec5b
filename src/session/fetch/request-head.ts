import type { RequestHead } from '../http/request-head.ts'

/** The head of a `Request` of the Fetch standard. */
export class FetchRequestHead implements RequestHead {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly encrypted: boolean
  readonly address: string | null
  readonly peerAddress = undefined
  readonly #headers: Headers

  constructor({ method, url, headers }: Pick<Request, 'method' | 'url' | 'headers'>, address: string | null) {
    const { pathname, search, host, protocol } = new URL(url)
    this.method = method
    this.url = pathname + search
    this.host = headers.get('host') ?? host
    this.encrypted = protocol === 'https:'
    this.address = address
    this.#headers = headers
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }
}
