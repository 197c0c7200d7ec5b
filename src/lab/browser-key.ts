import { challengeIn, type DeviceKey, deviceKey } from '../session/testing/device-key.ts'

interface KeyAnswer {
  status: number
  headers: Headers
  body: string
}

interface KeyRequest {
  path: string
  headers: Record<string, string>
}

interface Binding {
  id: string
  refreshPath: string
  cookieName: string
  challenge: string
}

/** The key of a browser with Device Bound Session Credentials. */
export class BrowserKey {
  #key: DeviceKey | undefined
  #binding: Binding | undefined

  /** The request that registers the key, if the header `Secure-Session-Registration` offers it. */
  registration(offer: string | null): KeyRequest | undefined {
    const path = offer?.split('path="')[1]?.split('"', 1)[0]
    if (!offer || !path) return undefined
    this.#key ??= deviceKey()
    return { path, headers: { 'secure-session-response': this.#key.registration(challengeIn(offer)) } }
  }

  /** The request that proves the key. It is due when the browser does not have the bound cookie any more. */
  proof(cookie: string): KeyRequest | undefined {
    if (!this.#key || !this.#binding || cookie.includes(`${this.#binding.cookieName}=`)) return undefined
    const { id, refreshPath, challenge } = this.#binding
    const headers = { 'sec-secure-session-id': id, 'secure-session-response': this.#key.proof(challenge) }
    return { path: refreshPath, headers }
  }

  /** Takes the answer to one of these requests. */
  take({ status, headers, body }: KeyAnswer): void {
    const challenge = challengeIn(headers.get('secure-session-challenge') ?? undefined)
    if (status === 403 && challenge !== '' && this.#binding) {
      this.#binding.challenge = challenge
      return
    }
    const rules = status === 200 ? JSON.parse(body) : undefined
    // The browser forgets the key of a session that has ended.
    this.#binding = rules?.credentials && {
      id: rules.session_identifier,
      refreshPath: rules.refresh_url,
      cookieName: rules.credentials[0].name,
      challenge,
    }
  }
}
