const NAMES = ['localhost', '127.0.0.1']

/**
 * Where the external platform is. The demo's own one is on this machine and known once it listens; people reach it under the other
 * name of the machine, because cookies do not look at ports: under the same name, it would be sent the CRM's.
 */
export class PlatformAddress {
  readonly #configured: string | undefined
  #port: number | undefined

  constructor(configured: string | undefined) {
    this.#configured = configured
  }

  /** Tells where the demo's own platform listens, on 127.0.0.1. */
  bound(port: number): void {
    this.#port = port
  }

  /** Where this server reaches it, without a trailing slash; `undefined` when there is none. */
  get url(): string | undefined {
    return this.#configured ?? (this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`)
  }

  /** Where somebody whose browser calls the CRM `hostname` opens a page of the platform. */
  pageFor(hostname: string, path: string): string | undefined {
    if (this.#configured !== undefined) return this.#configured + path
    if (this.#port === undefined) return undefined
    const name = NAMES.find((other) => other !== hostname)
    return `http://${name}:${this.#port}${path}`
  }
}
