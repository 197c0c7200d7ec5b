import assert from 'node:assert/strict'
import { challengeIn, type DeviceKey, deviceKey } from '../../../src/session/testing/device-key.ts'
import type { Answer } from '../../support/visitor.ts'
import type { LayerVisitor } from './layer.ts'

type Headers = Record<string, string | string[] | undefined>

const OF_THE_BROWSER = { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'empty' }

/** A browser with Device Bound Session Credentials. It registers and refreshes only when the test says so. */
export class BoundBrowser {
  readonly visitor: LayerVisitor
  readonly key: DeviceKey
  /** The challenge of the newest offer of a registration. */
  offered = ''
  /** The newest challenge of a refresh. */
  challenge = ''
  handle = ''

  constructor(visitor: LayerVisitor, key = deviceKey()) {
    this.visitor = visitor
    this.key = key
  }

  /** Opens a page that logs the user in, or that rotates the cookie. */
  async logIn(path = '/login'): Promise<Answer> {
    const answer = await this.visitor.get(path)
    assert.equal(answer.status, 200, answer.text)
    this.offered = challengeIn(answer.headers['secure-session-registration'])
    return answer
  }

  async register(proof = this.key.registration(this.offered), headers: Headers = {}): Promise<Answer> {
    const answer = await this.ask('/session/bind', { 'Secure-Session-Response': proof, ...headers })
    if (answer.status === 200) this.handle = JSON.parse(answer.text).session_identifier
    return answer
  }

  async refresh(proof = this.key.proof(this.challenge), headers: Headers = {}): Promise<Answer> {
    return this.ask('/session/refresh', {
      'Sec-Secure-Session-Id': this.handle,
      'Secure-Session-Response': proof,
      ...headers,
    })
  }

  async ask(path: string, headers: Headers): Promise<Answer> {
    const answer = await this.visitor.send(path, { method: 'POST', headers: { ...OF_THE_BROWSER, ...headers } })
    const challenge = challengeIn(answer.headers['secure-session-challenge'])
    if (challenge !== '') this.challenge = challenge
    return answer
  }

  /** Logs the user in and registers the key. */
  async begin(path?: string): Promise<this> {
    await this.logIn(path)
    const answer = await this.register()
    assert.equal(answer.status, 200)
    return this
  }
}

/** The names of the cookies that an answer sets. */
export function cookiesIn({ setCookies }: Answer): string[] {
  return setCookies.map((cookie) => cookie.slice(0, cookie.indexOf('='))).sort()
}
