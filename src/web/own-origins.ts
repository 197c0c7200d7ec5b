const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** This server's origins, with all loopback names. Ignores the `Host` header, because clients can forge it. */
export class OwnOrigins {
  readonly #publicUrl: string | undefined
  readonly #host: string
  readonly #scheme: 'http' | 'https'
  #origins: string[]

  constructor({ publicUrl, host, https }: { publicUrl: string | undefined; host: string; https: boolean }) {
    this.#publicUrl = publicUrl
    this.#host = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    this.#scheme = https ? 'https' : 'http'
    this.#origins = publicUrl === undefined ? [] : withLoopbackNames(publicUrl)
  }

  /** Must be called when the server listens. Before the call, a server without a `publicUrl` has no origin. */
  bound(port: number): void {
    if (this.#publicUrl === undefined) this.#origins = withLoopbackNames(`${this.#scheme}://${this.#host}:${port}`)
  }

  includes(origin: string): boolean {
    return this.#origins.includes(origin)
  }

  /** The origin for links in mail. Throws a `TypeError` if there is no `publicUrl` and `bound` was not called. */
  get forLinks(): string {
    const [origin] = this.#publicUrl === undefined ? this.#origins : [this.#publicUrl]
    if (origin === undefined) throw new TypeError('The server’s address is not known yet: call bound(port) first.')
    return origin
  }

  /** Whether browsers reach this server over HTTPS. */
  get secure(): boolean {
    return this.#publicUrl === undefined ? this.#scheme === 'https' : this.#publicUrl.startsWith('https:')
  }
}

function withLoopbackNames(address: string): string[] {
  const url = new URL(address)
  if (!LOOPBACK_NAMES.includes(url.hostname)) return [url.origin]
  return LOOPBACK_NAMES.map((name) => {
    url.hostname = name
    return url.origin
  })
}
