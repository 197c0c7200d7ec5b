const NAMES = ['localhost', '127.0.0.1']

/**
 * The addresses of the external platform. Browsers reach the demo's own platform under the other name of this machine, because cookies
 * ignore ports: under the same name, the platform would get the CRM's cookies.
 */
export class PlatformAddress {
  readonly #configured: string | undefined
  #port: number | undefined

  constructor(configured: string | undefined) {
    this.#configured = configured
  }

  /** Sets the port of the demo's own platform on 127.0.0.1. */
  bound(port: number): void {
    this.#port = port
  }

  /** Where this server reaches it, without a trailing slash; `undefined` when there is none. */
  get url(): string | undefined {
    return this.#configured ?? (this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`)
  }

  /** The address of a page of the platform, for a browser that reaches the CRM as `hostname`. */
  pageFor(hostname: string, path: string): string | undefined {
    if (this.#configured !== undefined) return this.#configured + path
    if (this.#port === undefined) return undefined
    const name = NAMES.find((other) => other !== hostname)
    return `http://${name}:${this.#port}${path}`
  }
}
