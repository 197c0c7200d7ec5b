import assert from 'node:assert/strict'
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { request as requestSecurely, Agent as SecureAgent } from 'node:https'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  setCookies: string[]
  text: string
  /** The Location header as the server sent it, relative or absolute. */
  location: string | undefined
}

export interface Sent {
  method?: string
  /** `undefined` removes a header that a browser would send. */
  headers?: Record<string, string | string[] | undefined>
  body?: string | Buffer
}

export type Fields = Record<string, string> | [string, string][]

// The visitor soon closes its idle connections, because a server that stops waits for them.
const KEEP_ALIVE = { keepAlive: true, timeout: 100 }

/** A user with a browser. The visitor keeps cookies and sends the headers of a browser. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  /** The user of the newest page. Forms contain this user. */
  actingUser: string | undefined
  readonly #origin: string
  readonly #agent: Agent

  readonly #check: (answer: Answer) => void

  /** `check` runs on every answer. Default: checks the rules for every answer of the demo. */
  constructor(origin: string, check: (answer: Answer) => void = assertSafe) {
    this.#origin = origin
    this.#agent = origin.startsWith('https:')
      ? new SecureAgent({ ...KEEP_ALIVE, rejectUnauthorized: false })
      : new Agent(KEEP_ALIVE)
    this.#check = check
  }

  /** The value of the session cookie, or ''. */
  get sessionCookie(): string {
    return this.#cookieNamed('4DSID_')
  }

  /** The value of the cookie of known devices, or ''. */
  get deviceToken(): string {
    return this.#cookieNamed('device_')
  }

  /** Opens a page as if the user typed its address. */
  get(path: string, headers: Sent['headers'] = {}): Promise<Answer> {
    return this.send(path, { headers })
  }

  /** Submits a form of the demo. */
  post(path: string, fields: Fields = {}, headers: Sent['headers'] = {}): Promise<Answer> {
    const body = new URLSearchParams(fields)
    if (this.actingUser !== undefined && !body.has('actingUser')) body.append('actingUser', this.actingUser)
    return this.send(path, { method: 'POST', body: body.toString(), headers: { ...FORM, ...headers } })
  }

  logIn(userId: number | string, password = 'crm-demo', more: Record<string, string> = {}): Promise<Answer> {
    return this.post('/4DACTION/authenticate', { userId: String(userId), password, ...more })
  }

  async logInWell(userId: number | string, password = 'crm-demo'): Promise<Answer> {
    const answer = await this.logIn(userId, password)
    assert.equal(answer.status, 302, answer.text)
    return answer
  }

  logOut(): Promise<Answer> {
    return this.post('/logout')
  }

  /** Follows redirects. Returns the last page. */
  async follow(answer: Answer): Promise<Answer> {
    let current = answer
    for (let hops = 0; current.location !== undefined; hops += 1) {
      assert.ok(hops < 10, 'redirected in a circle')
      const target = new URL(current.location, this.#origin)
      assert.equal(target.origin, this.#origin, 'redirected to another origin')
      current = await this.get(target.pathname + target.search)
    }
    return current
  }

  /** A visitor with a copy of the cookies, such as another tab of the browser. */
  copy(): Visitor {
    const copy = new Visitor(this.#origin, this.#check)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    copy.actingUser = this.actingUser
    return copy
  }

  async send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
    const sent: OutgoingHttpHeaders = {}
    const all = {
      ...(method === 'GET' || method === 'HEAD' ? TYPED : this.#submitted()),
      ...this.#cookieHeader(),
      ...headers,
    }
    for (const [name, value] of Object.entries(all)) if (value !== undefined) sent[name] = value
    if (body !== undefined && !('Transfer-Encoding' in sent)) sent['Content-Length'] = Buffer.byteLength(body)
    const answer = await this.#exchange(path, method, sent, body)
    for (const cookie of answer.setCookies) this.#keep(cookie)
    this.actingUser = userIn(answer) ?? this.actingUser
    this.#check(answer)
    return answer
  }

  #cookieNamed(part: string): string {
    const [, value = ''] = [...this.cookies].find(([name]) => name.includes(part)) ?? []
    return value
  }

  #submitted(): Record<string, string> {
    return { ...TYPED, 'Sec-Fetch-Site': 'same-origin', Origin: this.#origin }
  }

  #cookieHeader(): Record<string, string> {
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`)
    return pairs.length === 0 ? {} : { Cookie: pairs.join('; ') }
  }

  #keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(/; */)
    const name = pair.slice(0, pair.indexOf('='))
    const gone = attributes.some((attribute) => /^(max-age=0|expires=.*1970)/i.test(attribute))
    if (gone) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(pair.indexOf('=') + 1))
  }

  #exchange(path: string, method: string, headers: OutgoingHttpHeaders, body: Sent['body']): Promise<Answer> {
    const { protocol, hostname, port } = new URL(this.#origin)
    const ask = protocol === 'https:' ? requestSecurely : request
    return new Promise((resolve, reject) => {
      let answered = false
      const asked = ask({ hostname, port, path, method, headers, agent: this.#agent }, (response) => {
        answered = true
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            setCookies: response.headers['set-cookie'] ?? [],
            text: Buffer.concat(pieces).toString(),
            location: response.headers.location,
          }),
        )
      })
      // A server may refuse a large body and close the connection while the body is being sent.
      asked.on('error', (error) => {
        if (!answered) reject(error)
      })
      asked.end(body)
    })
  }
}

const TYPED = {
  Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
}

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

function userIn({ headers }: Answer): string | undefined {
  const [, userId] = String(headers['session-user'] ?? '').split(' ')
  return userId && decodeURIComponent(userId)
}

/** Checks what every answer of the demo must satisfy. */
export function assertSafe({ headers, setCookies }: Pick<Answer, 'headers' | 'setCookies'>): void {
  const policy = String(headers['content-security-policy'])
  for (const rule of [
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ])
    assert.ok(policy.includes(rule), `the content security policy lacks ${rule}: ${policy}`)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  // A page with a token in its address sends only its origin to other sites.
  assert.match(String(headers['referrer-policy']), /^(same|strict)-origin$/)
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
  assert.match(String(headers['cache-control']), /no-store|no-cache|max-age/)
  assert.equal(headers['x-powered-by'], undefined)
  assert.equal(headers['access-control-allow-origin'], undefined)
  const names = setCookies.map((cookie) => cookie.slice(0, cookie.indexOf('=')))
  assert.equal(new Set(names).size, names.length, `a cookie was set twice: ${names}`)
  for (const name of names) assert.match(name, /^(__Host-)?(4DSID|device|visitor)_|^lab_/)
  for (const cookie of setCookies) {
    assert.match(cookie, /; *HttpOnly/i)
    assert.match(cookie, /; *SameSite=Lax/i)
    assert.match(String(headers['cache-control']), /no-store/)
  }
}
