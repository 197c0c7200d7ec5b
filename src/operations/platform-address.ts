import { isLoopback } from '../config/config.ts'

const NAMES = ['localhost', '127.0.0.1']

/**
 * The URLs of the external platform. Browsers send the cookies of a host to all ports of this host. The demo's own
 * platform must not get the CRM's cookies, so browsers reach the platform under another host name.
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

  /** The base URL for requests from this server, without a trailing slash. `undefined` if there is no platform. */
  get url(): string | undefined {
    return this.#configured ?? (this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`)
  }

  /**
   * Returns the URL for a browser that reaches the CRM as `hostname`, or `undefined` if there is no platform. Browsers on
   * other machines do not reach the demo's own platform.
   */
  pageFor(hostname: string, path: string): string | undefined {
    if (this.#configured !== undefined) return this.#configured + path
    if (this.#port === undefined || !isLoopback(hostname)) return undefined
    const name = NAMES.find((other) => other !== hostname)
    return `http://${name}:${this.#port}${path}`
  }
}
