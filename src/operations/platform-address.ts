const NAMES = ['localhost', '127.0.0.1']

/**
 * The URLs of the external platform. Cookies ignore the port, so under the CRM's host name the demo's own platform
 * would get the CRM's cookies. Browsers therefore reach it under another host name.
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

  /** For requests from this server, without a trailing slash. `undefined` without a platform. */
  get url(): string | undefined {
    return this.#configured ?? (this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`)
  }

  /** Returns the URL for a browser that reaches the CRM as `hostname`, or `undefined` without a platform. */
  pageFor(hostname: string, path: string): string | undefined {
    if (this.#configured !== undefined) return this.#configured + path
    if (this.#port === undefined) return undefined
    const name = NAMES.find((other) => other !== hostname)
    return `http://${name}:${this.#port}${path}`
  }
}
